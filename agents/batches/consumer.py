"""Faust's consumer, giving one message a (partition, fetch): its value is a :class:`~agents.batches.batch.Batch`.

Membership, assignment, agents and streams stay Faust's. Its acks, commits, gaps and offset filter play no part: an
owner says where a partition is read from, and offsets are committed in the owner's transactions.

Why: stock Faust starts four tasks, takes a lock and keeps an ack per message (about 10,000 no-op messages a second),
and its offset arithmetic commits past records it never processed when records fetched before a seek arrive after it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.serializers import codecs
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from agents.batches.batch import Batch, TopicPartition
from agents.batches.wire import flat, take_raw

AUTO_RESET_OFF = "none"
NEVER_IDLE_MS = 2**62
"""aiokafka leaves the group when nobody fetches for so long, and joins again only when somebody does; a standby, or a
worker whose partitions are all withheld, fetches nothing: it would be gone for good."""
FETCH_WAIT_MS = 25
"""How long a fetch may wait for data: a partition emptied while another fetch waits is asked for again after it."""

WITHHELD_SECONDS = 0.02
"""How long the others are waited for while a partition is withheld: it may have room again at any moment."""


class PassThrough(codecs.Codec):
    """A codec that leaves a value as it is."""

    def _dumps(self, obj: Any) -> Any:
        return obj

    def _loads(self, s: Any) -> Any:
        return s


codecs.register("batch", PassThrough())


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Runs aiokafka on its own thread and knows there, without a race, what every fetch follows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._follows: dict[TopicPartition, int] = {}
        self._passed: dict[TopicPartition, tuple[int, int]] = {}
        self._epochs: dict[TopicPartition, int] = {}
        self._assignment: object = None
        self.out_of_range: set[TopicPartition] = set()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        """Faust's own consumer, but read-committed, co-partitioned, quick to return and never resetting by itself."""
        conf = self.app.conf
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset=AUTO_RESET_OFF,
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=NEVER_IDLE_MS,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def on_start(self) -> None:
        await super().on_start()
        take_raw(self._ensure_consumer())

    async def _fetch_records(self, consumer: Any, active_partitions: Any, **options: Any) -> Any:
        """Records by partition, each list a :class:`Fetched` that knows what it follows."""
        consumer._coordinator.check_errors()  # Faust never asks; unasked, the coordinator waits for ever, unjoined
        try:
            fetched = await super()._fetch_records(consumer, active_partitions, **options)
        except OffsetOutOfRangeError as error:
            self.out_of_range.update(TopicPartition(*tp) for tp in error.args[0])
            return {}
        except NoOffsetForPartitionError:
            return {}  # the owner has not sought yet
        self._notice_assignment(consumer)
        chained = {tp: self._chained(TopicPartition(*tp), flat(batches)) for tp, batches in fetched.items() if batches}
        self._notice_positions(consumer, active_partitions)
        return chained

    def _notice_positions(self, consumer: Any, partitions: Iterable[Any]) -> None:
        """What was passed over after the last record that was returned: transaction markers, aborted records."""
        assignment = consumer._subscription.subscription.assignment
        for tp in map(TopicPartition._make, partitions):
            if tp in self._follows and assignment is not None and tp in assignment.tps:
                state = assignment.state_value(tp)
                if state.has_valid_position:
                    self._passed[tp] = self._follows[tp], state.position

    def _notice_assignment(self, consumer: Any) -> None:
        """After a rebalance aiokafka starts somewhere of its own choice: nothing is known of what it follows."""
        assignment = consumer._subscription.subscription.assignment
        if assignment is not self._assignment:
            self._assignment = assignment
            self._follows.clear()
            self._passed.clear()

    def follows(self, tp: TopicPartition) -> int | None:
        """The end of what was fetched; may be asked from any thread."""
        return self._follows.get(tp)

    def passed(self, tp: TopicPartition, absorbed: int) -> int:
        """Up to where there is nothing to read after ``absorbed``; may be asked from any thread."""
        follows, position = self._passed.get(tp, (absorbed, absorbed))
        return max(absorbed, position) if follows == absorbed else absorbed

    def _chained(self, tp: TopicPartition, records: list[Any]) -> "Fetched":
        prev, self._follows[tp] = self._follows.get(tp), records[-1].offset + 1
        return Fetched(records, prev, self._epochs.get(tp, 0))

    async def seek_to_committed(self) -> dict[TopicPartition, int]:
        """Nothing: Faust asks for this after a rebalance, but only owners say where a partition is read from."""
        return {}

    async def start_at(self, tp: TopicPartition, offset: int) -> int:
        """Read ``tp`` from ``offset`` on; returns the epoch that batches fetched after this call carry."""
        epoch: int = await self.call_thread(self._start_at, tp, offset)
        return epoch

    async def _start_at(self, tp: TopicPartition, offset: int) -> int:
        consumer = self._ensure_consumer()
        self._notice_assignment(consumer)
        consumer.seek(driver.TopicPartition(*tp), offset)  # no await until the epoch is raised
        self.out_of_range.discard(tp)
        self._follows[tp] = offset
        self._passed.pop(tp, None)
        self._epochs[tp] = epoch = self._epochs.get(tp, 0) + 1
        return epoch


class Fetched(list[Any]):
    """The records of one partition in one fetch, with what they follow."""

    __slots__ = ("epoch", "prev")

    def __init__(self, records: list[Any], prev: int | None, epoch: int) -> None:
        super().__init__(records)
        self.prev, self.epoch = prev, epoch


class Consumer(driver.Consumer):
    """Yields batches of the partitions that their owners have opened and have room for."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[TopicPartition] = set()
        self._opened = asyncio.Event()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def start_at(self, tp: TopicPartition, offset: int) -> int:
        """Read ``tp`` from ``offset`` on and deliver it; returns the epoch of what comes from now on."""
        epoch = await self._thread.start_at(tp, offset)
        self.deliver(tp)
        return epoch

    def deliver(self, tp: TopicPartition) -> None:
        """From now on batches of ``tp`` are delivered."""
        self._open.add(tp)
        self._opened.set()

    def withhold(self, tp: TopicPartition) -> None:
        """From now on no batch of ``tp`` is delivered; what is fetched stays with the fetcher."""
        self._open.discard(tp)

    def out_of_range(self, tp: TopicPartition) -> bool:
        """Whether the broker said that it does not hold the offset ``tp`` was to be read from."""
        return tp in self._thread.out_of_range

    @property
    def flowing(self) -> bool:
        """Whether what is delivered now reaches the agents; while the group rebalances Faust empties their queues."""
        return bool(self.flow_active and self.app.flow_control.is_active())

    def read_to(self, tp: TopicPartition) -> int | None:
        """The end of the last batch that was fetched since ``tp`` was last sought; None where there was no seek."""
        return self._thread.follows(tp)

    def passed(self, tp: TopicPartition, absorbed: int) -> int:
        """Up to where there is nothing to read after ``absorbed``: transaction markers are no records."""
        return self._thread.passed(tp, absorbed)

    def last_stable_offset(self, tp: TopicPartition) -> int | None:
        """The end of what a committed reader can see, as the last fetch told; None before the first."""
        try:
            offset: int | None = self._thread._ensure_consumer().last_stable_offset(driver.TopicPartition(*tp))
        except Exception as error:  # noqa: BLE001  aiokafka raises different errors for a partition just lost
            self.log.debug("no last stable offset of %s: %r", tp, error)
            return None
        return offset

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109  Faust's name
        """Batches of whatever one fetch brings, one a partition."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        assigned = set(self.assignment())
        active = {driver.TopicPartition(*tp) for tp in self._open} & assigned
        if not active:
            await self._wait_for_owner(timeout)
            return
        generation = self.app.consumer_generation_id
        if active != assigned:
            timeout = WITHHELD_SECONDS
        records = await self._getmany(active_partitions=active, timeout=timeout)
        for tp, fetched in records.items():
            if self.should_stop or not self.flow_active or self.app.consumer_generation_id != generation:
                return  # the owner notices what is missing and seeks back
            yield tp, self._message(tp, fetched, generation)

    async def _wait_for_owner(self, seconds: float) -> None:
        self._opened.clear()
        try:
            await asyncio.wait_for(self._opened.wait(), seconds)
        except TimeoutError:
            return

    def _message(self, tp: Any, fetched: Fetched, generation: int) -> ConsumerMessage:
        first, last = fetched[0], fetched[-1]
        batch = Batch(
            TopicPartition(*tp), fetched.prev, first.offset, last.offset + 1, fetched, fetched.epoch, generation
        )
        self._read_offset[tp] = None  # Faust's filter by offset would drop what an owner seeks back for
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000, last.timestamp_type,
            [], b"", batch, None, 0, 0, tp, generation_id=generation,
        )  # fmt: skip

    async def perform_seek(self) -> None:
        """Nothing: see :meth:`ConsumerThread.seek_to_committed`."""

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Nothing: Faust's livelock detector watches its own commits, which are not used."""


class Transport(driver.Transport):
    """Gives an app the batched consumer."""

    Consumer = Consumer


__all__ = ["Consumer", "Transport"]
