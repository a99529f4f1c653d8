"""The demo from the first event to the last: the town lives, the worker works, messages arrive, somebody watches."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaProducer

from agents.clock import ScaledClock
from agents.connection import kafka_options
from agents.demo.feeder import Feeder
from agents.demo.messaging import Messaging
from agents.demo.seen import Seen, Summary
from agents.demo.source import Source
from agents.demo.view import Picture, View
from agents.demo.watch import watched
from agents.demo.worker import Worker
from agents.local.process import Server
from agents.settings import Settings
from schemas import topics
from schemas.outbound import Outbound
from schemas.policy.policy import DEFAULT_PRODUCT

DELIVER_SECONDS = 0.05
GUARD_SECONDS = 1.0
STOP_SECONDS = 5.0
RATE_SECONDS = 2.0
"""The rate that is shown is that of so many seconds."""


class Show:
    """One run on ``servers`` that are there; ``first_warning_s`` counts from the monotonic reading ``since``."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        clock: ScaledClock,
        servers: Sequence[Server],
        worker: Worker,
        view: View,
        since: float,
    ) -> None:
        self._source, self._settings, self._clock = source, settings, clock
        self._servers, self._worker = (*servers, worker), worker
        self._view, self._since = view, since
        self._zone = ZoneInfo(source.policy.product(DEFAULT_PRODUCT).zone)
        self._options = kafka_options(settings)
        self._messaging = Messaging(source.seed)
        self._seen = Seen()
        self._state = "starting"

    async def run(self, seconds: float | None) -> Summary:
        """The totals, ``seconds`` after the worker was ready, or at Ctrl-C or SIGTERM; the worker has stopped then.

        Raises what makes going on senseless: the worker does not start, or one of the servers has ended.
        """
        async with _producing(self._options) as producer:
            feeder = Feeder(producer, self._clock.now)
            await self._until_first(
                self._asked_to_end(),
                self._work(seconds),
                self._watch(),
                self._draw(feeder),
                feeder.feed(self._source.records()),
                self._deliver(feeder),
            )
        return self._seen.summary(feeder.written[topics.EVENTS])

    async def _until_first(self, *works: Coroutine[Any, Any, None]) -> None:
        """Run all until one of them ends, well or with its error; then the others and the worker end, too."""
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.to_thread(self._worker.stop)
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked_to_end(self) -> None:
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
        await asked.wait()

    async def _work(self, seconds: float | None) -> None:
        """Start the worker and look after it for as long as the demo shall last."""
        await asyncio.to_thread(self._worker.launch)
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            for server in self._servers:
                server.must_run()
            self._state = "ready" if await asyncio.to_thread(self._worker.answers) else "not ready"
            await asyncio.sleep(GUARD_SECONDS)

    async def _watch(self) -> None:
        async for message in watched(self._options, self._settings.partitions):
            self._seen.take(message, time.monotonic() - self._since)
            if isinstance(message, Outbound):
                self._messaging.take(message)

    async def _deliver(self, feeder: Feeder) -> None:
        while True:
            await feeder.write(self._messaging.due(self._clock.now()))
            await asyncio.sleep(DELIVER_SECONDS)

    async def _draw(self, feeder: Feeder) -> None:
        every, where = self._view.every_seconds, self._where()
        counted = deque([(time.monotonic(), 0)], maxlen=1 + ceil(RATE_SECONDS / every))
        while True:
            counted.append((time.monotonic(), feeder.written[topics.EVENTS]))
            (since, before), (now, events) = counted[0], counted[-1]
            rate = (events - before) / max(now - since, every)
            at = self._clock.now().astimezone(self._zone)
            self._view.draw(Picture(at, self._state, events, rate, self._seen, where))
            await asyncio.sleep(every)

    def _where(self) -> str:
        servers = f"Kafka {self._settings.bootstrap_servers}  Redis {self._settings.redis_url}"
        return f"{servers}\n/metrics and /readyz of {self._worker.where}"


@asynccontextmanager
async def _producing(options: dict[str, Any]) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is started, and stopped after; without a broker it would wait for ever to send what it holds."""
    producer = AIOKafkaProducer(**options, enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        yield producer
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), STOP_SECONDS)
