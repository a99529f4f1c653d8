"""The shipped path with the job as its role: exactly once, memory table, the worker's own settings."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import faust

from agents.app import faust_app, path_config
from agents.batches.role import Watch
from agents.batches.runner import Runner
from agents.clock import SystemClock
from agents.local.ports import free_ports
from agents.logs import configure_logs
from agents.process import calm_collector
from agents.roles.spec import RoleSpec
from agents.settings import load_settings
from agents.settings.model import RoleName
from bench.contestants import INPUT, turn
from bench.job import Job, Ring, pack, unpack
from bench.stopwatch import Stopwatch
from streams.role import Fact, Record, Settled, Table


class Counting:
    """A partition of the role; see :class:`streams.role.Partition`. It keeps rings open, as the loop does: on any
    failure the path throws it away, and another begins from the table.
    """

    def __init__(self, job: Job, warnings: str, table: Table) -> None:
        self._job, self._warnings, self._table = job, warnings, table
        self._rings: dict[bytes, Ring] = {}
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
        event_of, count, rings, touched = self._job.event, self._job.count, self._rings, self._touched
        for record in records:
            event = event_of(record)
            key = record.key
            ring = touched.get(key)
            if ring is None:
                ring = rings.get(key)
                if ring is None:
                    ring = rings[key] = unpack(self._table.get(key))
                touched[key] = ring
            warning = count(ring, event)
            if warning is not None:
                facts.append(Fact(self._warnings, key, warning))
        return facts

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
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
    settings = load_settings(
        bootstrap_servers=here.bootstrap,
        app_id=here.name,
        data_dir=here.path,
        web_port=free_ports(1)[0],
        log_level="warning",
    )
    configure_logs(settings.log_level)
    app = faust_app(settings, RoleName.HEALTH)
    role = RoleSpec("bare", (INPUT,), frozenset({here.warnings}), open_counting)
    Runner(app, role, path_config(settings, RoleName.HEALTH), SystemClock(), watch=Committed())
    calm_collector()
    worker = faust.Worker(app, loglevel=settings.log_level, override_logging=False, redirect_stdouts=False)
    worker.execute_from_commandline()
