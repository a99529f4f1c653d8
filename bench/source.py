"""Events as apps send them: plain JSON of about 200 bytes, in order of time, keyed by user. Seeded: the same each time.

``skewed``: the job's. 35 days, each event by a random user; some users are a thousand times as busy as others.
``visits``: the pipeline's. People with rhythms of their own, several events a visit; a tenth of them leave for good.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from heapq import merge
from random import Random
from typing import Final

from aiokafka.partitioner import murmur2

from bench.cluster import Sent

PARTITIONS: Final = 4
START: Final = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
DAY_SECONDS: Final = 86_400
SKEWED_DAYS: Final = 35
SKEWED_PER_USER: Final = 20
VISITS_DAYS: Final = 42
VISITS_PER_USER: Final = 40
JITTER_SECONDS: Final = 30
SEEN: Final = "page.seen"
VISITED: Final = ("app.opened", "product.viewed", "search.performed", "cart.updated", "order.paid")


def skewed(events: int, seed: int = 7) -> list[Sent]:
    """The job's log, twenty events a user; the i-th busiest user's share falls with i to the power of 2/3."""
    random, users = Random(seed), events // SKEWED_PER_USER
    step = SKEWED_DAYS * DAY_SECONDS / events
    return [
        _sent(
            n, START + int(n * step) + random.randrange(JITTER_SECONDS), int(users * random.random() ** 3), "page.seen"
        )
        for n in range(events)
    ]


def visits(events: int, seed: int = 7) -> list[Sent]:
    """The pipeline's log: visits of two to five events, a personal number of days apart (mostly two to five)."""
    random, users = Random(seed), events // VISITS_PER_USER
    gap = VISITS_DAYS * 3.5 / VISITS_PER_USER
    moments = merge(*(_person(Random(random.random()), user, gap) for user in range(users)))
    return [_sent(n, *moment) for n, moment in zip(range(events), moments, strict=False)]


def _person(random: Random, user: int, gap: float) -> Iterator[tuple[int, int, str]]:
    """One person's moments for ever, or until he leaves: gaps of at least half of a personal mean."""
    own, day = gap * random.uniform(0.4, 1.2), random.uniform(0, gap)
    leaves = random.uniform(0, VISITS_DAYS) if random.random() < 0.1 else float("inf")
    while day < leaves:
        at = START + int(day * DAY_SECONDS)
        for second in range(random.randint(2, 5)):
            yield at + second * 20, user, random.choice(VISITED)
        day += own / 2 + random.expovariate(2 / own)


def _sent(n: int, at: int, user: int, kind: str) -> Sent:
    name = f"user-{user:06d}"
    event = {
        "id": f"7f3a9c1e-0000-4000-8000-{n:012d}",
        "source": "shop-app",
        "type": kind,
        "time": _time(at),
        "user_id": name,
        "properties": {"page": "home", "ms": 132},
    }
    return Sent(_partition(name), name.encode(), json.dumps(event).encode(), at * 1000)


@cache
def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


@cache
def _partition(user: str) -> int:
    """The partition that Java's default partitioner gives a key."""
    return (murmur2(user.encode()) & 0x7FFFFFFF) % PARTITIONS
