"""Whether those who wait slow down those who come: one dispatcher partition in which more and more candidates are held.

``python -m bench.held`` prints, for each number held, the CPU time of opening (a candidate), of a tick that finds
nothing due, of a new candidate from record to packed book, and of one that is looked at again when its hold has ended;
memory table, real gate.
"""

import json
import sys
from datetime import timedelta
from statistics import median
from time import process_time
from typing import Final

import click

from bench.core_dispatch import CHANNELS, T0, policy, profile, stood, transact, warning
from schemas import topics
from schemas.breaker import Breaker, BreakerState
from streams.dispatch import Dispatcher, open_dispatch
from streams.role import Partition

SIZES: Final = (10_000, 100_000, 1_000_000)
BATCH: Final = 2_000
TICKS: Final = 200
NEW: Final = 10_000


def filled(held: int, table: dict[bytes, bytes]) -> tuple[Dispatcher, float]:
    """A partition in which so many candidates wait for a breaker, and the CPU seconds of its opening.

    One of them was held by the gate; the others' books are copies, found in the table when the partition opens.
    """
    first = opened(table)
    take(first, table, 0, 1)
    [(_key, book)] = table.items()
    table.update((f"user-{number}".encode(), book) for number in range(held))
    begun = process_time()
    partition = opened(table)
    assert partition.waiting == held
    return partition, process_time() - begun


def opened(table: dict[bytes, bytes]) -> Dispatcher:
    """The partition that the table has, under open breakers."""
    partition = open_dispatch(policy())(0, table, None)
    assert isinstance(partition, Dispatcher)
    states = [Breaker(channel=each, state=BreakerState.OPEN, round=0, since=T0, cause="bench") for each in CHANNELS]
    list(partition.hear(topics.BREAKERS, stood(states), T0))
    return partition


def take(partition: Partition, table: dict[bytes, bytes], first: int, count: int) -> float:
    """CPU seconds for the warnings of so many users who were not known before, a transaction a batch; all are held."""
    seconds = 0.0
    for start in range(first, first + count, BATCH):
        users = [f"user-{number}" for number in range(start, min(start + BATCH, first + count))]
        transact(partition, table, T0, (topics.PROFILES, stood([profile(user) for user in users])))
        records = stood([warning(user) for user in users])
        begun = process_time()
        transact(partition, table, T0, (topics.WARNINGS, records))
        seconds += process_time() - begun
    return seconds


def idle(partition: Partition, table: dict[bytes, bytes]) -> float:
    """CPU seconds of one tick while nobody is due."""
    begun = process_time()
    for _ in range(TICKS):
        assert not transact(partition, table, T0)
    return (process_time() - begun) / TICKS


def again(partition: Partition, table: dict[bytes, bytes]) -> float:
    """CPU seconds for one of those whose hold has ended, of five ticks full of them."""
    now, judged = T0 + timedelta(minutes=31), 0
    begun = process_time()
    for _ in range(5):
        judged += transact(partition, table, now)
    return (process_time() - begun) / judged


def measured(held: int) -> dict[str, float]:
    """Microseconds each."""
    table: dict[bytes, bytes] = {}
    partition, seconds = filled(held, table)
    return {
        "opening_us": 1e6 * seconds / held,
        "idle_tick_us": 1e6 * idle(partition, table),
        "new_us": 1e6 * take(partition, table, held, NEW) / NEW,
        "again_us": 1e6 * again(partition, table),
    }


@click.command()
@click.option("--size", "sizes", type=int, multiple=True, default=SIZES, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="each figure is the median round")
def main(sizes: tuple[int, ...], rounds: int) -> None:
    """Measure what those who wait cost those who come."""
    results: dict[int, dict[str, float]] = {}
    for size in sizes:
        runs = [measured(size) for _ in range(rounds)]
        results[size] = {name: round(median(run[name] for run in runs), 1) for name in runs[0]}
        print(f"{size:9,} held: {results[size]}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
