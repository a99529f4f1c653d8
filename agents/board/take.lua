-- Takes tokens from buckets, all channels at once; the arithmetic of bucket.py, where it is explained.
-- KEYS     one bucket each: microseconds since the epoch from which it counts; no key: a full bucket
-- ARGV[1]  now, microseconds since the epoch: the caller's clock, never the server's
-- ARGV     then, per key: interval in microseconds, capacity, tokens asked for
-- Returns  tokens granted, in the order of KEYS
-- A value that no worker writes (another type, no number, more than a day ahead) counts as a full bucket, and is replaced.
local now = tonumber(ARGV[1])
local ahead = now + 86400000000
local granted = {}
for i, key in ipairs(KEYS) do
  local interval, capacity, asked = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local full = now - capacity * interval
  local found = redis.pcall('GET', key)
  local since = type(found) == 'string' and tonumber(found) or full
  if not (since >= full and since <= ahead) then since = full end
  granted[i] = math.max(0, math.min(asked, math.floor((now - since) / interval)))
  if granted[i] > 0 then
    redis.call('SET', key, string.format('%.0f', since + granted[i] * interval))
  end
end
return granted
