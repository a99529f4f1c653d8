-- Writes many values in one command: each alone would cost the worker more time than Redis needs for a hundred.
-- KEYS     one a value, all of one hash tag
-- ARGV[1]  how long they live, seconds
-- ARGV     then the values, in the order of KEYS
for i, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
end
