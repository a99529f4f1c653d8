"""What an event and a look cost while one partition has ten thousand users, a hundred thousand, a million (B5).

Users are as the role itself leaves them after a log of visits, under other names; the table is in memory. Every size
has a process of its own, and the same events and looks: a look is what a user costs whose deadline has fallen due.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from itertools import cycle
from random import Random
from time import process_time
from typing import Any, Final

from agents.process import calm_collector
from bench.installation import Given, policy
from bench.source import START, visits
from schemas import topics
from streams.health import HealthPartition
from streams.health.days import DAY_SECONDS as DAY
from streams.health.learning.book import reserved
from streams.health.state import key_of, pack, unpack
from streams.intake import Event
from streams.role import Fact

NOW: Final = datetime.fromtimestamp(START, UTC)
SIZES: Final = {"1e4": 10_000, "1e5": 100_000, "1e6": 1_000_000}
SAMPLE: Final = 100_000
EVENTS: Final = 30_000
A_VISIT: Final = 3
LOOKS: Final = 5_000
SETTLED: Final = 2_000
"""Events in a transaction."""
MICRO: Final = 1e6
HOUR: Final = 3_600


def growth() -> dict[str, Any]:
    """CPU microseconds an event and a look, by size; bytes of the largest record that was written."""
    found: dict[str, Any] = {}
    for name, users in SIZES.items():
        words = [sys.executable, "-m", "bench.growth", name, str(users)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


def main(name: str, users: int) -> None:
    """The process that is timed."""
    table, memo, end = _town(users)
    partition = HealthPartition(policy(), 0, table, memo)
    calm_collector()
    begun = process_time()
    largest = _visited(partition, table, users, end)
    an_event = (process_time() - begun) / EVENTS
    begun, facts = process_time(), list[Fact]()
    partition.absorb(_event(EVENTS, 0, end + 3 * HOUR), facts)
    a_look = (process_time() - begun) / LOOKS
    figures = {f"growth_{name}_us": an_event * MICRO, f"growth_look_{name}_us": a_look * MICRO, "state_bytes": largest}
    print(json.dumps(figures))


def _town(users: int) -> tuple[dict[bytes, bytes], bytes, int]:
    """A book with so many users, its memo, and a time soon after its last event.

    :data:`LOOKS` users are looked at in the third hour after that, all others on later days.
    """
    log = visits(SAMPLE)
    partition = HealthPartition(policy(), 0, {}, None)
    partition.step(topics.EVENTS, [Given(n, one.timestamp, one.key, one.value) for n, one in enumerate(log)], NOW)
    settled, end = partition.settle(), log[-1].timestamp // 1_000 + 60
    left = {key: record for key, record in settled.writes.items() if record is not None}
    states = cycle([unpack(key, record) for key, record in left.items() if not reserved(key)])
    table = {key: record for key, record in left.items() if reserved(key)}
    for number, state in zip(range(users), states, strict=False):
        looked = number < LOOKS
        due = end + 2 * HOUR + number % HOUR if looked else end + (2 + number % 20) * DAY
        table[key_of(_name(number), "default")] = pack(state, due)
    return table, settled.memo, end


def _visited(partition: HealthPartition, table: dict[bytes, bytes], users: int, begin: int) -> int:
    """Visits of random users within an hour have been taken in and settled; the bytes of the largest record."""
    random, facts, largest, user = Random(7), list[Fact](), 0, 0
    for number in range(EVENTS):
        user = user if number % A_VISIT else random.randrange(users)
        partition.absorb(_event(number, user, begin + number * HOUR // EVENTS), facts)
        if (number + 1) % SETTLED == 0:
            writes = {key: record for key, record in partition.settle().writes.items() if record is not None}
            largest = max(largest, *(len(record) for key, record in writes.items() if not reserved(key)))
            table.update(writes)
    return largest


def _event(number: int, user: int, at: int) -> Event:
    return Event(f"growth-{number:09d}", "shop-app", "app.opened", datetime.fromtimestamp(at, UTC), _name(user))


def _name(user: int) -> str:
    return f"user-{user:08d}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
