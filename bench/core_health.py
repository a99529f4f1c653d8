"""How fast the health role is by itself: JSON in, state and warnings out, one core, no Kafka.

    python bench/core_health.py [--events 100000] [--users 10000] [--days 14] [--batch 4000] [--rounds 3] [--json]

Users come with rhythms of their own, two to five events a visit. One transaction is a batch: step, settle, the table
takes the writes. Events are counted per second of CPU time, so that a busy machine tells the same; figures
are the median round, with the slowest and the fastest beside it.
"""

import argparse
import json
from datetime import UTC, datetime
from random import Random
from statistics import median
from time import process_time
from typing import NamedTuple

from agents.batches.transaction import apply, begin, finish
from schemas.policy import Policy, Product, Role
from streams.health import open_health
from streams.health.learning.book import reserved
from streams.intake import Intake

START = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
TYPES = ("page_view", "login", "order")
POLICY = Policy(
    name="bench",
    products={"default": Product(), "shop": Product(horizon_days=28, zone="Asia/Shanghai")},
    events={"page_view": Role.FEATURE_USE, "login": Role.SESSION, "order": Role.PURCHASE},
)


class Sent(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def traffic(events: int, users: int, days: int, seed: int = 7) -> list[Sent]:
    """A log in order of time: visits of some events, one user's visits a personal gap apart; a tenth of users leave."""
    random, moments = Random(seed), []
    while len(moments) < events:
        for user in range(users):
            gap, leaves = random.expovariate(1 / 6) + 1, random.random() < 0.1
            day = random.uniform(0, days)
            for _ in range(3):
                at = START + int(day * 86_400)
                moments += [(at + second * 20, user, random.choice(TYPES)) for second in range(random.randint(2, 5))]
                day += random.expovariate(1 / gap) + (days if leaves else 0)
                if day > days:
                    break
    moments.sort()
    return [record(offset, *moment) for offset, moment in enumerate(moments[:: len(moments) // events][:events])]


def record(offset: int, at: int, user: int, type: str) -> Sent:
    event = {
        "id": f"7f3a9c1e-0000-4000-8000-{offset:012d}",
        "source": "shop-app",
        "type": type,
        "time": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "user_id": f"user-{user:06d}",
        "product": "shop",
        "properties": {"page": "home", "ms": 132},
    }
    return Sent(offset, at * 1000, event["user_id"].encode(), json.dumps(event).encode())  # type: ignore[attr-defined]


def pipeline(log: list[Sent], batch: int) -> dict[str, float]:
    table: dict[bytes, bytes] = {}
    partition = open_health(POLICY)(0, table, None)
    now, facts, largest = datetime.fromtimestamp(START, UTC), 0, 0
    began = process_time()
    for first in range(0, len(log), batch):
        begun = begin(partition, {}, [("app.events", log[first : first + batch])], now, due=False)
        finished = finish(partition, begun, None, now, due=False)
        facts += len(finished.facts)
        apply(table, finished.settled.writes)
    took = process_time() - began
    largest = max(len(written) for key, written in table.items() if not reserved(key))
    began = process_time()
    open_health(POLICY)(0, table, partition.settle().memo)
    opening = process_time() - began
    return {
        "events_s": len(log) / took,
        "facts": facts,
        "bytes_max": largest,
        "open_us_user": opening / len(table) * 1e6,
    }


def intake(log: list[Sent]) -> float:
    read, began = Intake(POLICY).read, process_time()
    for one in log:
        read(one)
    return (process_time() - began) / len(log) * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--users", type=int, default=10_000)
    options.add_argument(
        "--days", type=int, default=14, help="of simulated time; more days, fewer events a day with one"
    )
    options.add_argument("--batch", type=int, default=4_000, help="records a transaction")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true", help="the last line is one JSON object")
    chosen = options.parse_args()
    log = traffic(chosen.events, chosen.users, chosen.days)
    rounds = [pipeline(log, chosen.batch) for _ in range(chosen.rounds)]
    speeds = sorted(found["events_s"] for found in rounds)
    figures = {
        "events_s": round(median(speeds)),
        "events_s_slowest": round(speeds[0]),
        "events_s_fastest": round(speeds[-1]),
        "intake_us": round(min(intake(log) for _ in range(chosen.rounds)), 2),
        "open_us_user": round(median(found["open_us_user"] for found in rounds), 2),
        "state_bytes_max": rounds[0]["bytes_max"],
        "facts": rounds[0]["facts"],
        "events": len(log),
    }
    print("\n".join(f"{name:18} {value:>12,}" for name, value in figures.items()))
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
