"""Toy roles on a real broker, and what must be on their topics, worked out from what was sent."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from agents.batches import ledger as ledgers

PARTITIONS = 4
TOY = Path(__file__).with_name("toy.py")
KEYED = ("events", "replies", "notes", "decided", "sent", "refused")
COMPACTED = {"cleanup.policy": "compact"}
PAIR = struct.Struct("<QQ")
LEDGER = b"\0partition"
DEADLINE_SECONDS = 60.0


class Toys:
    """Topics under one prefix, workers on them, and a count of what was sent."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.bootstrap, self.prefix, self.folder = bootstrap, prefix, folder
        self.events: Counter[bytes] = Counter()
        self.replies: Counter[bytes] = Counter()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._numbers = iter(range(1000))

    async def __aenter__(self) -> "Toys":
        topics = [NewTopic(self.prefix + name, PARTITIONS, 1) for name in KEYED]
        topics += [NewTopic(self.prefix + "orders", 1, 1, topic_configs=COMPACTED)]
        topics += [NewTopic(self.changelog(r), PARTITIONS, 1, topic_configs=COMPACTED) for r in ("count", "relay")]
        await self.admin(lambda admin: admin.create_topics(topics))
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()

    def changelog(self, role: str) -> str:
        return f"{self.prefix}{role}-state-changelog"

    async def admin(self, ask: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> object:
        """One request of an admin client."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            return await ask(client)
        finally:
            await client.close()

    # Workers.

    def work(self, *roles: str, supervised: bool = False, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker; its log stands in ``log_of`` it."""
        argv = ["supervise", *roles] if supervised else list(roles)
        worker = subprocess.Popen(
            [sys.executable, str(TOY), *argv],
            env=os.environ | self._environment() | environment,
            stdout=self._log(n := next(self._numbers)).open("wb"),
            stderr=subprocess.STDOUT,
        )
        worker.number = n  # type: ignore[attr-defined]
        self._workers.append(worker)
        return worker

    def _environment(self) -> dict[str, str]:
        return {"TOY_PREFIX": self.prefix, "TOY_DATA": str(self.folder), "TOY_BOOTSTRAP": self.bootstrap}

    def _log(self, number: int) -> Path:
        return self.folder / f"worker-{number}.log"

    def log_of(self, worker: subprocess.Popen[bytes]) -> str:
        """What a worker has logged so far."""
        return self._log(worker.number).read_text(errors="replace")  # type: ignore[attr-defined]

    async def logged(self, worker: subprocess.Popen[bytes], text: str, count: int = 1) -> None:
        """Return once a worker has logged a text so often."""

        async def there() -> bool:
            return self.log_of(worker).count(text) >= count

        await self.eventually(there, f"{count} x {text!r} in the log")

    async def ended(self, worker: subprocess.Popen[bytes]) -> int:
        """Return a worker's exit code once it has ended."""

        async def there() -> bool:
            return worker.poll() is not None

        await self.eventually(there, "the worker's end")
        assert worker.returncode is not None
        return worker.returncode

    # Records.

    async def send(self, topic: str, count: int, users: int = 50, seed: int = 0) -> None:
        """Send so many events (or replies) of so many users; they count."""
        keys = [b"u%d" % ((i * 7919 + seed) % users) for i in range(count)]
        (self.events if topic == "events" else self.replies).update(keys)
        await self.put(topic, [(key, b"x") for key in keys])

    async def put(self, topic: str, records: Iterable[tuple[bytes, bytes | None]], **options: object) -> None:
        """Write records; they do not count."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, enable_idempotence=True, linger_ms=5, request_timeout_ms=60_000, **options
        )
        await producer.start()
        try:
            if options.get("transactional_id"):
                await producer.begin_transaction()
            pending = [await producer.send(self.prefix + topic, value, key=key) for key, value in records]
            await asyncio.gather(*pending)
            if options.get("transactional_id"):
                await producer.abort_transaction()
        finally:
            await producer.stop()

    async def read(self, *topics: str, partitions: int = PARTITIONS) -> list[tuple[bytes | None, bytes | None]]:
        """Every committed record of some topics, each partition's in order."""
        return await self._read([TopicPartition(topic, n) for topic in topics for n in range(partitions)])

    async def read_one(self, topic: str, partition: int) -> list[tuple[bytes | None, bytes | None]]:
        """Every committed record of one partition, in order."""
        return await self._read([TopicPartition(topic, partition)])

    async def _read(self, tps: list[TopicPartition]) -> list[tuple[bytes | None, bytes | None]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest",
            fetch_max_wait_ms=10,
        )  # fmt: skip
        await consumer.start()
        try:
            return await _all_of(consumer, tps)
        finally:
            await consumer.stop()

    # The oracle: from what was sent, what must be there.

    async def settled(self) -> None:
        """Return once every output holds what the input asks for; then nothing may be there twice."""
        notes = {b"%s:%d" % (k, i) for k, n in self.events.items() for i in range(10, n + 1, 10)}
        seen = Counter({k: n // 10 for k, n in self.events.items()}) + self.replies
        sent = {b"%s:%d" % (k, i) for k, n in seen.items() for i in range(1, n // 3 + 1)}
        absorbed, wanted = Counter(), (Counter(notes), Counter(sent), sum(seen.values()), +self.events)

        async def there() -> bool:
            nonlocal absorbed
            try:
                values = [Counter(v for _k, v in await self.read(self.prefix + t)) for t in ("notes", "sent")]
                decided = len(await self.read(self.prefix + "decided"))
                absorbed = await self.state("count")
            except KafkaError:
                return False  # the broker is on its way back
            self.found = (*values, decided, absorbed)
            return self.found == wanted or any(f > w for f, w in zip(values, wanted[:2], strict=True) if f != w)

        await self.eventually(there, "all outputs", fail=False)
        names = ("notes", "sent", "decided", "absorbed")
        for name, found, want in zip(names, self.found, wanted, strict=True):
            assert found == want, f"{name}: {_difference(found, want)}\n{self.logs()}"

    async def state(self, role: str) -> Counter[bytes]:
        """The first number of every user's pair, as the changelog's newest records say."""
        newest = dict(await self.read(self.changelog(role)))
        return Counter({k: PAIR.unpack(v)[0] for k, v in newest.items() if k != LEDGER and k is not None and v})

    async def memos(self, role: str) -> list[int]:
        """What the newest partition records remember besides users: how many broadcast records were heard."""
        records = [await self.read_one(self.changelog(role), number) for number in range(PARTITIONS)]
        newest = [dict(pairs).get(LEDGER) for pairs in records]
        return [int(ledgers.unpack(value).memo or b"0") if value else 0 for value in newest]

    async def eventually(self, true: Callable[[], Awaitable[bool]], what: str, fail: bool = True) -> None:
        """Return once a condition holds; after the deadline fail with the logs, or return if not to ``fail``."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not await true():
            if time.monotonic() > deadline:
                assert not fail, f"waited in vain for {what}:\n{self.logs()}"
                return
            await asyncio.sleep(0.05)

    async def absorbed(self) -> None:
        """Return once the count role's state holds every event sent."""

        async def there() -> bool:
            return await self.state("count") == +self.events

        await self.eventually(there, "all events in the state")

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(self._log(w.number).read_text(errors="replace")[-3000:] for w in self._workers)  # type: ignore[attr-defined]


def _difference(found: object, want: object) -> str:
    if isinstance(found, Counter) and isinstance(want, Counter):
        return f"lost {list((want - found).items())[:5]}, doubled or wrong {list((found - want).items())[:5]}"
    return f"found {found}, want {want}"


async def _all_of(consumer: AIOKafkaConsumer, tps: list[TopicPartition]) -> list[tuple[bytes | None, bytes | None]]:
    begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    left = {tp for tp in tps if begins[tp] < ends[tp]}
    if not left:
        return []
    consumer.assign(list(left))
    for tp in left:
        consumer.seek(tp, begins[tp])
    pairs = []
    while left:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            pairs += [(r.key, r.value) for r in records]
        left = {tp for tp in left if await consumer.position(tp) < ends[tp]}
    return pairs
