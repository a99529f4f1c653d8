"""One (role, partition number): a task that opens, absorbs what waits, ticks and, whatever goes wrong, opens again."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from agents.batches import ledger as ledgers
from agents.batches.barrier import Progress
from agents.batches.batch import Batch, TopicPartition
from agents.batches.failing import Failing
from agents.batches.inbox import Inbox
from agents.batches.net import Stuck, Take
from agents.batches.reader import reading
from agents.batches.role import Config, Role, Watch
from agents.batches.sequence import Broken, Verdict, admit, check_range
from agents.batches.tenure import Tenure

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
UNSOUGHT_SECONDS = 0.02


class Source(Protocol):
    """What an owner asks of the consumer."""

    async def start_at(self, tp: TopicPartition, offset: int) -> int: ...
    def deliver(self, tp: TopicPartition) -> None: ...
    def withhold(self, tp: TopicPartition) -> None: ...
    @property
    def flowing(self) -> bool: ...
    def out_of_range(self, tp: TopicPartition) -> bool: ...
    def read_to(self, tp: TopicPartition) -> int | None: ...
    def passed(self, tp: TopicPartition, absorbed: int) -> int: ...
    def last_stable_offset(self, tp: TopicPartition) -> int | None: ...


class Begin(Protocol):
    """Gives a new tenure of a partition, not yet held."""

    def __call__(self) -> Tenure: ...


class Owner:
    """A worker's hold on one partition number of a role."""

    def __init__(
        self,
        number: int,
        role: Role,
        config: Config,
        source: Source,
        watch: Watch,
        begin: Begin,
        crash: Callable[[BaseException], None],
    ) -> None:
        self.number = number
        self.state = "opening"
        self._role, self._config, self._source, self._watch, self._begin = role, config, source, watch, begin
        self._crash = crash
        self._standstill: tuple[type[Exception], ...] = (
            Broken,
            Stuck,
            ledgers.Unreadable,
            ledgers.Newer,
            *role.standstill,
        )
        """Faults that no retry mends; they are retried all the same, slowly, for a person may have mended them."""
        self._topics = {TopicPartition(config.prefix + topic, number): topic for topic in role.topics}
        self._inbox = Inbox(config.transaction_records, source.withhold, source.deliver)
        self._epochs = dict.fromkeys(role.topics, 0)
        self._missed: dict[TopicPartition, tuple[int, float]] = {}
        self._failing = Failing(time.monotonic)
        self._generation = -1
        self._closing = self._sought = False
        self._may_work = asyncio.Event()
        self._may_work.set()
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def working(self) -> bool:
        """Whether this owner has its partition and takes what comes; false while the group rebalances."""
        return self.state == "ready" and self._sought and self._may_work.is_set() and not self._failing

    @property
    def standing(self) -> str:
        """How it stands, in words; from a fault until it works again with the first line of that fault."""
        state = self.state if self.state != "ready" else "failing" if self._failing else "waiting for the group"
        return f"{state}: {self._failing.fault}" if self._failing.fault else state

    # What the runner calls.

    def start(self, generation: int) -> None:
        """Begin to open, in the background."""
        self._generation = generation
        self._task = asyncio.create_task(self._run(), name=f"owner-{self._role.name}-{self.number}")
        self._task.add_done_callback(self._ended)

    def submit(self, batch: Batch) -> None:
        """Hand over a batch; never blocks."""
        self._inbox.put(batch)

    def wake(self) -> None:
        """Look around now."""
        self._inbox.wake()

    async def suspend(self, seconds: float) -> None:
        """Begin no transaction until :meth:`resume`, and wait for the present one, at most so long."""
        self._may_work.clear()
        try:
            async with asyncio.timeout(seconds), self._working:
                return
        except TimeoutError:
            log.warning("%s: a transaction still runs while the group rebalances", self)

    def resume(self, generation: int) -> None:
        """Go on under a new generation; the consumer is sought to where this owner stands."""
        self._generation, self._sought = generation, False
        self._may_work.set()
        self._inbox.wake()

    async def close(self) -> None:
        """Let go: the present transaction may end first, then its producer stops.

        A transaction cut off here is ended by the next owner's fencing; its outcome is read from Kafka then.
        """
        self._closing = True
        self._may_work.set()
        self._inbox.wake()
        if self._task is not None:
            _done, pending = await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            if pending:
                self._task.cancel()
                await asyncio.wait([self._task])
        self._become("closed")

    def __str__(self) -> str:
        return f"{self._role.name}[{self.number}]"

    # The task.

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """An owner ends only when told; whatever else ended it must not leave a partition standing unseen."""
        if not (self._closing or task.cancelled()) and (error := task.exception()) is not None:
            log.critical("%s has ended: %r", self, error)
            self._crash(error)

    async def _run(self) -> None:
        wait = self._config.retry_seconds
        while not self._closing:
            try:
                self._become("opening")
                await self._may_work.wait()  # a rebalance may give the partition to somebody else
                self._forget()
                tenure = self._begin()
                async with tenure.held():
                    self._become("ready")
                    log.info("%s opened at %s", self, tenure.positions)
                    while not self._closing:
                        await self._turn(tenure)
                        wait = self._config.retry_seconds
            except self._standstill as fault:
                self._fail("broken", fault)
                log.error("%s stands still: %s", self, fault)
                wait = self._config.retry_seconds_max
            except (Exception, asyncio.CancelledError) as error:
                if self._cancelled():
                    raise
                self._fail("failed", error)
                log.warning("%s lets go and opens again: %r", self, error, exc_info=_unexpected(error))
            await self._rest(wait)
            wait = min(2 * wait, self._config.retry_seconds_max)

    def _cancelled(self) -> bool:
        """Whether this task was told to end; a cancelled future it waited for is a fault like any other."""
        return bool((task := asyncio.current_task()) and task.cancelling())

    def _forget(self) -> None:
        """Nothing that was delivered before counts; nothing is delivered until this owner says from where."""
        self._inbox.clear()
        for tp in self._topics:
            self._source.withhold(tp)
        self._sought = False

    async def _rest(self, seconds: float) -> None:
        if not self._closing:
            await asyncio.sleep(seconds)

    def _fail(self, state: str, fault: BaseException) -> None:
        self._failing.failed(fault, broken=state == "broken")
        self._become(state)

    def _become(self, state: str) -> None:
        self.state = state
        self._watch.state(self.number, "failed" if state == "ready" and self._failing else state)

    # A turn: what waits, what is heard, what is due.

    async def _turn(self, tenure: Tenure) -> None:
        await self._may_work.wait()
        if not self._sought and self._source.flowing:
            self._sought = True
            for tp, topic in self._topics.items():
                await self._seek(tp, tenure.positions[topic])
        await self._check_range(tenure)
        until_tick = 0.0 if tenure.more else max(0.0, tenure.next_tick - asyncio.get_running_loop().time())
        batches = await self._inbox.take(until_tick if self._sought else UNSOUGHT_SECONDS)
        if not batches:
            await self._miss(tenure)
        async with self._working:
            if self._may_work.is_set() and not self._closing:
                taken = await self._admitted(batches, tenure.positions)
                await tenure.absorb(taken, self._progress(tenure.positions, taken))
                if tenure.worked and self._failing.worked():
                    self._become(self.state)
                self._report_lag(tenure)
                self._watch.turned(self.number)

    async def _seek(self, tp: TopicPartition, position: int) -> None:
        """Let the consumer deliver from a position; whatever was fetched before is stale."""
        async with asyncio.timeout(self._config.commit_timeout):
            self._epochs[self._topics[tp]] = await self._source.start_at(tp, position)

    async def _check_range(self, tenure: Tenure) -> None:
        for tp, topic in self._topics.items():
            if self._source.out_of_range(tp):
                async with reading(self._config.connection) as reader:
                    begin, end = await reader.range_of(tp)
                check_range(*tp, tenure.positions[topic], begin, end)
                await self._seek(tp, tenure.positions[topic])

    async def _miss(self, tenure: Tenure) -> None:
        """Go back for what was fetched but has not arrived from one idle turn to the next.

        Faust drops what it holds when the group rebalances; without a later batch no gap would ever show it.
        """
        now = asyncio.get_running_loop().time()
        for tp, topic in self._topics.items():
            read_to, position = self._source.read_to(tp), tenure.positions[topic]
            if not self._sought or read_to is None or read_to <= position:
                self._missed.pop(tp, None)
                continue
            missed, since = self._missed.setdefault(tp, (read_to, now))
            if missed != read_to:
                self._missed[tp] = read_to, now
            elif now - since >= self._config.missed_seconds:
                log.info("%s: %s was read to %d and did not arrive, goes back to %d", self, topic, read_to, position)
                del self._missed[tp]
                await self._seek(tp, position)

    async def _admitted(self, batches: Iterable[Batch], positions: dict[str, int]) -> list[Take]:
        """Those batches that are next, in order; after a gap the consumer is sent back."""
        positions, taken = dict(positions), []
        for batch in batches:
            topic = self._topics[batch.tp]
            verdict = admit(batch, positions[topic], self._epochs[topic], self._generation)
            self._watch.verdict(topic, verdict.value)
            if verdict is Verdict.ENTER:
                positions[topic] = batch.end
                taken.append((topic, batch.records, batch.end))
            elif verdict is Verdict.GAP:
                back = positions[topic]
                log.info("%s: %s delivered %d after %s, goes back to %d", self, topic, batch.start, batch.prev, back)
                await self._seek(batch.tp, back)
        return taken

    def _progress(self, positions: Mapping[str, int], taken: Iterable[Take]) -> Progress:
        """How far the topics go, and how far they are absorbed with what was taken."""
        absorbed = {**positions, **{topic: end for topic, _records, end in taken}}
        known = {topic: self._source.last_stable_offset(tp) for tp, topic in self._topics.items()}
        reached = {topic: self._source.passed(tp, absorbed[topic]) for tp, topic in self._topics.items()}
        return Progress({topic: end for topic, end in known.items() if end is not None}, reached)

    def _report_lag(self, tenure: Tenure) -> None:
        ends, reached = self._progress(tenure.positions, ())
        for topic, end in ends.items():
            self._watch.lag(topic, self.number, max(0, end - reached[topic]))


def _unexpected(error: BaseException) -> bool:
    """Kafka's own errors say enough in a line; anything else is shown with its traceback."""
    return not type(error).__module__.startswith("aiokafka") and not isinstance(error, TimeoutError | OSError)
