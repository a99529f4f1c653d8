"""Two toy roles on the real path, one process a worker: what the path promises, without any business logic.

``count`` counts each user's events; every tenth makes a note. ``relay`` takes notes and replies; every third of a user
is held and sent by a tick. ``python toy.py ROLE`` runs a worker; see ``Plan`` for the environment it takes.
"""

import asyncio
import logging
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import faust

from agents.batches import reader as readers
from agents.batches.producer import BATCH_BYTES
from agents.batches.reader import Reader
from agents.batches.role import Config, Watch
from agents.batches.runner import Runner
from agents.batches.supervisor import RESTARTS, Child, Supervisor, end_with_supervisor
from agents.batches.table import MemoryTable
from agents.batches.table.rocksdb import RocksTable
from agents.clock import SystemClock
from streams.role import UserFault

PAIR = struct.Struct("<QQ")


class Fact(NamedTuple):
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class Settled(NamedTuple):
    writes: dict[bytes, bytes | None]
    memo: bytes
    more: bool = False


class Unanswerable(Exception):
    """A toy's standstill."""


class Toy:
    """What both toys share: a pair of numbers a user, packed."""

    def __init__(self, number: int, table, memo: bytes | None) -> None:
        self.table, self.memo, self.pending = table, memo or b"0", {}

    def pair(self, key: bytes) -> list[int]:
        raw = self.pending.get(key) or self.table.get(key)
        return list(PAIR.unpack(raw)) if raw else [0, 0]

    def keep(self, key: bytes, pair: Sequence[int]) -> None:
        self.pending[key] = PAIR.pack(*pair)

    def hear(self, topic, records, now):
        self.memo = b"%d" % (int(self.memo) + len(records))
        return ()

    def question(self, now, *, due, behind, most=None):
        return None

    def judge(self, answer, now) -> Iterable[Fact]:
        return ()

    def tick(self, now, caught_up=True) -> Iterable[Fact]:
        return ()

    def refuse(self, topic, record, cause, now) -> Iterable[Fact]:
        """Events are others' records; a note is our own, and may not be left out."""
        if topic != "events":
            raise Unanswerable(f"{topic} at {record.offset}: {cause}")
        yield Fact("refused", record.key, record.value)

    def put_aside(self, user, cause, time, now) -> Iterable[Fact]:
        return ()

    def settle(self) -> Settled:
        writes, self.pending = self.pending, {}
        return Settled(writes, self.memo)


class Count(Toy):
    """Says at ticks how many events were absorbed, and whether that was all, whenever it differs from the last word."""

    def __init__(self, number, table, memo) -> None:
        super().__init__(number, table, memo)
        self.number, self.events = number, sum(PAIR.unpack(value)[0] for _, value in table.items())
        self.said = None

    def tick(self, now, caught_up=True):
        said = self.events, caught_up
        if said != self.said:
            logging.getLogger("toy").info("tick of %d: %d events, caught up: %s.", self.number, *said)
        self.said = said
        return ()

    def step(self, topic, records, now):
        for record in records:
            if record.value == b"poison":
                raise ValueError("poison")
            if record.value == b"huge":
                yield Fact("notes", record.key, bytes(2 * BATCH_BYTES))
            pair = self.pair(record.key)
            pair[0] += 1
            self.events += 1
            self.keep(record.key, pair)
            if pair[0] % 10 == 0:
                yield Fact("notes", record.key, b"%s:%d" % (record.key, pair[0]))


class Relay(Toy):
    def __init__(self, number, table, memo) -> None:
        super().__init__(number, table, memo)
        self.waiting = {k for k, v in table.items() if PAIR.unpack(v)[0] // 3 > PAIR.unpack(v)[1]}

    def step(self, topic, records, now):
        for record in records:
            if record.value == b"poison":
                raise ValueError("poison")
            seen, sent = self.pair(record.key)
            self.keep(record.key, (seen + 1, sent))
            self.waiting.add(record.key)
            yield Fact("decided", record.key, record.value)

    def tick(self, now, caught_up=True):
        for key in sorted(self.waiting):
            seen, sent = self.pair(key)
            for n in range(sent + 1, seen // 3 + 1):
                yield Fact("sent", key, b"%s:%d" % (key, n))
            if seen // 3 > sent:
                self.keep(key, (seen, seen // 3))
        self.waiting.clear()


@dataclass(frozen=True)
class Role:
    name: str
    topics: tuple[str, ...]
    open: type[Toy]
    first: frozenset[str] = frozenset()
    broadcasts: tuple[str, ...] = ()
    orders: frozenset[str] = frozenset()
    standstill: tuple[type[Exception], ...] = (Unanswerable,)
    user_fault: type[Exception] = UserFault


ROLES = {
    "count": Role("count", ("events",), Count),
    "relay": Role("relay", ("notes", "replies"), Relay, frozenset({"replies"}), ("orders",)),
}


class KillAt(Watch):
    """Kills its own process, as ``kill -9`` does, the n-th time it reaches a point: ``name:n``."""

    def __init__(self, spec: str) -> None:
        self.name, _, count = spec.partition(":")
        self.left = int(count or 1)

    def point(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def verdict(self, topic: str, verdict: str) -> None:
        if verdict != "enter":
            logging.getLogger("toy").info("verdict %s %s", topic, verdict)

    def state(self, partition: int, state: str) -> None:
        logging.getLogger("toy").warning("state %s %s", partition, state)


class Telling(Reader):
    """Says what it reads of changelogs: recovery is all that reads them."""

    def read(self, tp, start, end):
        if tp.topic.endswith("-changelog"):
            logging.getLogger("toy").info("recovery of %s[%d] from %d to %d.", *tp, start, end)
        return super().read(tp, start, end)


class Dropping(Runner):
    """Loses the first batches it is handed, as Faust does when it empties its queues in a rebalance."""

    async def _receive(self, stream) -> None:
        left = int(os.environ.get("TOY_DROP", "0"))
        async for event in stream.events():
            left -= 1
            if left < 0:
                self._owners[event.value.tp.partition].submit(event.value)


def free_port() -> int:
    """Faust binds its web port even when its web server is off."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def supervise(roles: Sequence[str]) -> None:
    """The roles under the product's supervisor; kill points go to the first start of a process only."""
    children = [Child(role, [sys.executable, __file__, role], os.environ) for role in roles]
    asyncio.run(Supervisor(children).run())


def main() -> None:
    env = os.environ
    if sys.argv[1] == "supervise":
        return supervise(sys.argv[2:])
    end_with_supervisor()
    readers.Reader = Telling
    prefix, role = env["TOY_PREFIX"], ROLES[sys.argv[1]]
    app_id = f"{prefix}{role.name}"
    data = Path(env["TOY_DATA"])
    app = faust.App(
        app_id,
        broker=f"kafka://{env['TOY_BOOTSTRAP']}",
        datadir=str(data / "faust"),
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        broker_max_poll_records=int(env.get("TOY_POLL", "4000")),
        broker_session_timeout=float(env.get("TOY_SESSION", "3")),
        broker_heartbeat_interval=0.5,
        web_port=free_port(),
        web_enabled=False,
    )
    config = Config(
        app_id,
        {"bootstrap_servers": env["TOY_BOOTSTRAP"]},
        prefix,
        transaction_records=int(env.get("TOY_LIMIT", "16000")),
        tick_seconds=float(env.get("TOY_TICK", "0.5")),
    )

    def open_table(number: int):
        if env.get("TOY_STORE") != "rocksdb":
            return MemoryTable()
        return RocksTable(data / f"{role.name}-{number}", lambda: int(SystemClock().now().timestamp() * 1000), 10**9)

    kill = env.get("TOY_KILL", "never") if env.get(RESTARTS, "0") == "0" else "never"
    Dropping(app, role, config, SystemClock(), watch=KillAt(kill), open_table=open_table)

    faust.Worker(app, loglevel="info", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
