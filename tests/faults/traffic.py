"""Traffic that never stops: the town's log sent at the pace of a simulated clock, and reports about what is outbound.

One idempotent producer; what it could not send while a broker was down it sends later. Whoever wants to know what the
input was reads the topics: they hold what was acknowledged, and ``acknowledged`` says how much that must be.
"""

import asyncio
import contextlib
import json
import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from agents.clock import Clock
from tests.faults.odd import odd_records
from tests.faults.operators import CONTROL, Operators
from tests.faults.town import EVENTS, FEEDBACK, Sent, Town

OUTBOUND = "churn.outbound"
WAVE_SECONDS = 0.02
"""Traffic comes in small waves: so often is the clock looked at."""

LONGEST_SECONDS = 120
"""A record may wait so long for a broker before its send counts as failed."""

MOST_BYTES = 16 << 20
"""Of a record before it is compressed."""

REPEATED = 1_000
"""How many events an app sends again where it is not sure."""


class Traffic:
    """Sends a town's life until told to stop; ``prefix`` stands before every topic."""

    def __init__(
        self, bootstrap: str, prefix: str, town: Town, operators: Operators, clock: Clock, seed: int, partitions: int
    ) -> None:
        self._bootstrap, self._prefix, self._partitions = bootstrap, prefix, partitions
        self._town, self._operators, self._clock = town, operators, clock
        self._random = random.Random(f"reports {seed}")
        self._stop = asyncio.Event()
        self._newest: deque[Sent] = deque(maxlen=REPEATED)
        self.sent: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.failed: list[str] = []
        self.ordered: dict[int, float] = {}
        """When the broker had an operator's record, in simulated seconds since 1970, by offset."""

    @property
    def events(self) -> int:
        """How many records were sent to the event topic so far."""
        return self.sent[EVENTS]

    async def run(self) -> None:
        """Everything was sent and acknowledged when this returns, some time after :meth:`stop`."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            linger_ms=10,
            request_timeout_ms=LONGEST_SECONDS * 1000,
        )
        await self._producer.start()
        beside = [asyncio.create_task(each, name=each.__name__) for each in (self._report(), self._order())]
        try:
            await self._send_all(self._town.profiles())
            await self._live()
            await self._send_all(self._town.farewell(self._clock.now(), 12 * self._partitions))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._producer.stop()

    def stop(self) -> None:
        """No further day begins; the present one ends where it is."""
        self._stop.set()

    async def repeat(self) -> int:
        """The newest events were all sent once more, just as they were; returns how many."""
        again = list(self._newest)
        await self._send_all(again)
        return len(again)

    async def odd(self, draw: random.Random) -> int:
        """Odd records were sent, compressed, by a producer of their own; returns how many were acknowledged."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, compression_type="gzip", max_request_size=MOST_BYTES,
            max_batch_size=MOST_BYTES, request_timeout_ms=LONGEST_SECONDS * 1000,
        )  # fmt: skip
        sent = list(odd_records(draw, self._clock.now()))
        async with producer:
            for each in sent:
                at = int(each.at.timestamp() * 1000)
                await producer.send_and_wait(self._prefix + each.topic, each.value, each.key, timestamp_ms=at)
                self.acknowledged[each.topic] += 1
        return len(sent)

    async def _live(self) -> None:
        for day in self._town.days():
            for sent in day:
                if self._stop.is_set():
                    return
                await self._until(sent.at)
                await self._send(sent)

    async def _until(self, at: datetime) -> None:
        """Simulated time has come to ``at``, or there is to be no more."""
        while self._clock.now() < at and not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), WAVE_SECONDS)

    async def _send_all(self, records: Iterable[Sent]) -> None:
        for sent in records:
            await self._send(sent)

    async def _send(self, sent: Sent) -> None:
        future = await self._producer.send(
            self._prefix + sent.topic,
            sent.value,
            sent.key,
            timestamp_ms=int(sent.at.timestamp() * 1000),
            headers=list(sent.headers),
        )
        self.sent[sent.topic] += 1
        if sent.topic == EVENTS:
            self._newest.append(sent)
        future.add_done_callback(lambda done: self._settled(sent.topic, done))

    def _settled(self, topic: str, done: "asyncio.Future[RecordMetadata]") -> None:
        error = done.exception()
        if error is None:
            self.acknowledged[topic] += 1
            if topic == CONTROL:
                self.ordered[done.result().offset] = self._clock.now().timestamp()
        else:
            self.failed.append(f"{topic}: {error!r}")

    async def _order(self) -> None:
        """What stands from the start; then operators speak now and then."""
        await self._send_all(self._operators.open(self._clock.now()))
        while True:
            await asyncio.sleep(self._operators.pause())
            await self._send_all(self._operators.speak(self._clock.now()))

    async def _report(self) -> None:
        """Whatever goes out is reported about; a reader that fails with its broker goes on where it was."""
        positions: dict[TopicPartition, int] = {
            TopicPartition(self._prefix + OUTBOUND, number): 0 for number in range(self._partitions)
        }
        while True:
            with contextlib.suppress(KafkaError, OSError):
                await self._report_from(positions)
            await asyncio.sleep(0.5)

    async def _report_from(self, positions: dict[TopicPartition, int]) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            consumer.assign(list(positions))
            for tp, position in positions.items():
                consumer.seek(tp, position)
            while True:
                for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                    for record in records:
                        await self._send_all(self._reports(json.loads(record.value)))
                        positions[tp] = record.offset + 1
        finally:
            await consumer.stop()

    def _reports(self, outbound: dict[str, str]) -> Iterator[Sent]:
        """What a messaging system says of one message: some of it twice, some of it bad, some about nothing we know."""
        draw = self._random
        kinds = ["accepted", draw.choices(("delivered", "failed", "bounced"), (90, 7, 3))[0]]
        kinds += [kind for kind, chance in (("opened", 0.3), ("clicked", 0.1)) if draw.random() < chance]
        kinds += [kind for kind, chance in (("complained", 0.03), ("unsubscribed", 0.02)) if draw.random() < chance]
        for kind in kinds:
            report = self._about(outbound, kind)
            yield from (report,) * draw.choices((1, 2), (95, 5))[0]
        if draw.random() < 0.02:
            yield self._about({**outbound, "id": f"nobody-{draw.random()}"}, "complained")

    def _about(self, outbound: dict[str, str], kind: str) -> Sent:
        now = self._clock.now()
        body = {
            "id": f"f{self._random.randrange(10**12)}",
            "message": outbound["id"],
            "user_id": outbound["user_id"],
            "channel": outbound["channel"],
            "kind": kind,
            "time": now.isoformat(),
        }
        return Sent(now, FEEDBACK, outbound["user_id"].encode(), json.dumps(body).encode())
