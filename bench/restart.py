"""A restart with a million users: from the start of the process to every partition ready."""

import tempfile
import time
from itertools import cycle
from pathlib import Path
from statistics import mean
from typing import Any, Final

from agents.batches import ledger
from agents.batches.ledger import Ledger
from bench.cluster import Cluster, Sent
from bench.installation import Installation, pure, stop
from bench.source import PARTITIONS, START, visits
from schemas import topics
from streams.health.learning.book import reserved
from streams.health.state import key_of

SAMPLE: Final = 400_000
NAME: Final = "bench-restart"


def restart(cluster: Cluster, redis_url: str, users: int, rounds: int) -> list[dict[str, Any]]:
    """Cold starts with the memory table, then with RocksDB: one cold, the others warm."""
    with (
        tempfile.TemporaryDirectory(prefix=NAME) as folder,
        Installation(cluster, redis_url, NAME, Path(folder)) as here,
    ):
        size = _fill(here, users)
        found = [{"cold_restart_s": _start(here, store="memory"), "mean_state_bytes": size} for _ in range(rounds)]
        local = Path(folder) / "local"
        found.append({"cold_rocksdb_s": _start(here, store="rocksdb", data_dir=local)})
        found += [{"warm_restart_s": _start(here, store="rocksdb", data_dir=local)} for _ in range(rounds)]
        return found


def _start(here: Installation, **settings: object) -> float:
    begun = time.monotonic()
    worker = here.start(**settings)
    worker.wait()
    took = time.monotonic() - begun
    stop(worker.process)
    return took


def _fill(here: Installation, users: int) -> float:
    """Write the state of so many users to the changelog, and each partition's record; returns the mean record's bytes.

    States are those the role itself leaves after a log of visits, given to users of other names.
    """
    sample = pure(visits(SAMPLE))
    states = [state for key, state in sample.users.items() if state is not None and not reserved(key)]
    book = ledger.pack(Ledger(1, START * 1_000, {topics.EVENTS: 0}, {}, sample.memo))
    here.cluster.fill(here.changelog, (Sent(n, ledger.KEY, book, START * 1_000) for n in range(PARTITIONS)))
    names = (key_of(f"user-{number:08d}", "default") for number in range(users))
    records = enumerate(zip(names, cycle(states), strict=False))
    here.cluster.fill(
        here.changelog, (Sent(number % PARTITIONS, key, state, START * 1_000) for number, (key, state) in records)
    )
    return mean(map(len, states))
