"""What a person should read at once: one line in the log for each fault, however often it happens; never a user id."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from agents.batches import role as path
from agents.products import Products
from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from streams.dispatch.orders import OrderOutcome
from streams.dispatch.report import Hearing
from streams.govern.breaker import FORCED, Signal
from streams.govern.partition import Governor
from streams.health import HealthPartition, Move
from streams.role import Partition

log = logging.getLogger(__name__)

LEVELS = {Move.PASSED: logging.WARNING, Move.STOPPED: logging.ERROR, Move.UNREADABLE: logging.WARNING}

WORDS = {*FORCED, Signal.LIFTED}
"""Signals of operators: what they write beside stands on the topic alone, as with every order."""

EVERY_SECONDS = 10.0
"""Real time between two lines about records of one partition that were refused for one reason."""


class Flood(NamedTuple):
    """What may come without end: in which partition, what, and where a person looks."""

    number: int
    what: str
    where: str


class Floods:
    """A line about the first, then at most one in ``EVERY_SECONDS`` with how many came since; none goes uncounted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: Counter[Flood] = Counter()
        self._said: dict[Flood, float] = {}

    def add(self, flood: Flood, count: int) -> None:
        """So many more have come; the next :meth:`tell` may say so."""
        self._waiting[flood] += count

    def tell(self, number: int, *, everything: bool = False) -> None:
        """The lines of a partition whose time has come, or all that wait."""
        now = self._clock()
        for flood in [flood for flood in self._waiting if flood.number == number]:
            if everything or now - self._said.get(flood, float("-inf")) >= EVERY_SECONDS:
                count, self._said[flood] = self._waiting.pop(flood), now
                log.warning("%s: %d; see %s", flood.what, count, flood.where, extra={"count": count})


class Lines:
    """Says what has changed in the partitions of one process, once it is committed."""

    def __init__(self, products: Products, clock: Callable[[], float] = time.monotonic) -> None:
        self._floods = Floods(clock)
        self._products = products
        self._breakers: dict[Channel, BreakerState] = {}
        self._paused: datetime | None = None

    def opened(self, number: int, partition: Partition) -> None:
        """A partition is opened: what does not stand as it was last known, or as it should, is said."""
        if isinstance(partition, Governor):
            for channel, state in partition.states().items():
                if state is not self._breakers.get(channel, BreakerState.CLOSED):
                    log.warning("governor: the breaker of %s is found %s; see `churn.breakers`", channel, state)
            self._breakers = partition.states()
        self._products.opened()
        self.turned(number, partition)

    def committed(
        self, number: int, partition: Partition, tally: Mapping[str, int], facts: Sequence[path.Fact]
    ) -> None:
        """A transaction was committed: what it counted and what moved in it; the turn it was in ends with the lines."""
        for outcome, count in tally.items():
            self._count(number, partition, outcome, count)
        if isinstance(partition, Governor):
            for fact in facts:
                if fact.topic == topics.BREAKERS and fact.value is not None:
                    self._moved(Breaker.decode(fact.value))

    def turned(self, number: int, partition: Partition) -> None:
        """A partition was looked after, with work or without: what stands otherwise now, and counts that are due."""
        if isinstance(partition, HealthPartition):
            self._products.look(number, partition.pulses())
        if isinstance(partition, Governor) and partition.paused != self._paused:
            self._paused = partition.paused
            if self._paused is None:
                log.info("governor: the paused run was released by an operator, messages go on")
            else:
                log.error("governor: far more messages than usual were decided, none is sent since %s; look, then "
                          "`churn-alerts control release`", self._paused.isoformat(timespec="seconds"))  # fmt: skip
        self._floods.tell(number)

    def unprocessable(self, number: int, topic: str, error: str, place: str) -> None:
        """A record was refused, or a user put aside, because handling it failed: a fault of ours."""
        what = f"partition {number}: handling {topic} fails with {error} in {place}, and goes on without it"
        self._floods.add(Flood(number, what, "ChurnUnprocessable in docs/runbook.md"), 1)

    def rests(self, number: int, gone: bool) -> None:
        """A partition's owner does something else than its work, or is gone: nothing counted waits for its return."""
        self._floods.tell(number, everything=True)
        if gone:
            self._products.forget(number)
            self._breakers, self._paused = {}, None  # the governor has one partition

    def _count(self, number: int, partition: Partition, outcome: str, count: int) -> None:
        role = "health" if isinstance(partition, HealthPartition) else "dispatcher"
        match outcome.split("."):
            case "reject", reason:
                where = f"`churn-alerts dlt list --reason {reason}`"
                self._floods.add(Flood(number, f"{role}[{number}]: records refused, {reason}", where), count)
            case "feedback", (Hearing.UNKNOWN | Hearing.MISMATCHED) as hearing:
                what = f"{role}[{number}]: feedback that counts for nothing, {hearing}"
                self._floods.add(Flood(number, what, "ChurnFeedbackUnknown in docs/runbook.md"), count)
            case "intake", move if isinstance(partition, HealthPartition):
                level = LEVELS.get(Move(move), logging.INFO)
                log.log(level, "health[%d]: intake %s: %s", number, move, partition.rejections.kept)
            case "control", kind, name:
                level = logging.WARNING if name == OrderOutcome.UNREADABLE else logging.INFO
                log.log(level, "dispatcher[%d]: %d orders of kind %s %s; see `churn-alerts control history`", number,
                        count, kind, name)  # fmt: skip

    def _moved(self, breaker: Breaker) -> None:
        """A line for a breaker that has moved; what is said of it when it begins is no move."""
        before = self._breakers.get(breaker.channel)
        self._breakers[breaker.channel] = breaker.state
        if before is not None:
            signal = breaker.cause.partition(":")[0]
            cause = f"{signal} by an operator" if signal in WORDS else breaker.cause
            level = logging.INFO if breaker.state is BreakerState.CLOSED else logging.WARNING
            log.log(level, "governor: the breaker of %s went from %s to %s: %s; see `churn.breakers`", breaker.channel,
                    before, breaker.state, cause)  # fmt: skip
