"""The shipped path with the job as its role: exactly once, memory table, the worker's own settings."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import faust

from agents.batches.role import Config, Watch
from agents.batches.runner import Runner
from agents.clock import SystemClock
from agents.roles.spec import RoleSpec
from agents.settings.model import Settings
from bench.contestants import INPUT, turn
from bench.job import Job, Ring, pack, unpack
from bench.stopwatch import Stopwatch
from streams.role import Fact, Record, Settled, Table


class Counting:
    """A partition of the role; see :class:`streams.role.Partition`."""

    def __init__(self, job: Job, warnings: str, table: Table) -> None:
        self._job, self._warnings, self._table = job, warnings, table
        self._touched: dict[bytes, Ring] = {}

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        return ()

    def question(self, batches: object, now: datetime) -> None:
        return None

    def answer(self, seen: object) -> None:
        return None

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        watch.first()
        facts = []
        event_of, count, touched, get = self._job.event, self._job.count, self._touched, self._table.get
        for record in records:
            event = event_of(record)
            key = record.key
            ring = touched.get(key)
            if ring is None:
                ring = touched[key] = unpack(get(key))
            warning = count(ring, event)
            if warning is not None:
                facts.append(Fact(self._warnings, key, warning))
        return facts

    def tick(self, now: datetime) -> Iterable[Fact]:
        return ()

    def settle(self) -> Settled:
        writes: dict[bytes, bytes | None] = {key: pack(ring) for key, ring in self._touched.items()}
        self._touched = {}
        return Settled(writes, b"")


def open_counting(number: int, table: Table, memo: bytes | None) -> Counting:
    """How a partition of the role is opened."""
    return Counting(job, here.warnings, table)


class Committed(Watch):
    """Stops the watch when all records are in committed transactions."""

    records = 0

    def transaction(self, partition: int, records: int, facts: Any, seconds: float) -> None:
        self.records += records
        if records and self.records == watch.total:
            watch.done()


here = turn()
watch = Stopwatch(here.total)
job = Job()

if __name__ == "__main__":
    records = Settings.model_fields["max_records"].default
    app = faust.App(
        here.name,
        broker=f"kafka://{here.bootstrap}",
        datadir=here.folder,
        broker_max_poll_records=records,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        web_enabled=False,
    )
    config = Config(here.name, {"bootstrap_servers": here.bootstrap}, transaction_records=records)
    role = RoleSpec("bare", (INPUT,), frozenset({here.warnings}), open_counting)
    Runner(app, role, config, SystemClock(), watch=Committed())
    faust.Worker(app, loglevel="info", redirect_stdouts=False).execute_from_commandline()
