"""The governor in its tests, worked by hand."""

from datetime import datetime

from agents.batches.transaction import apply, begin, finish
from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.counts import Counts
from schemas.lease import Lease
from schemas.policy import Policy
from streams.govern import open_govern
from streams.role import Fact
from tests.dispatching import read, stood


class Governed:
    """The governor with its committed table, worked a transaction at a time."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.table: dict[bytes, bytes] = {}
        self.facts: list[Fact] = []
        self.restart()

    def restart(self) -> None:
        """Open anew from what is committed."""
        self.partition = open_govern(self.policy)(0, self.table, None)

    def work(self, *reports: Counts, now: datetime, tick: bool = True) -> list[Fact]:
        """One transaction as the owner makes it; the facts of it."""
        begun = begin(self.partition, {}, [(topics.COUNTS, [stood(each) for each in reports])], now, due=tick)
        finished = finish(self.partition, begun, None, now, due=tick)
        apply(self.table, finished.settled.writes)
        facts: list[Fact] = list(finished.facts)  # type: ignore[arg-type]
        self.facts += facts
        return facts

    def state(self, channel: Channel) -> BreakerState:
        """The last published state of a channel."""
        return next(each.state for each in reversed(self.breakers) if each.channel is channel)

    @property
    def breakers(self) -> list[Breaker]:
        """Every published breaker so far."""
        return read(self.facts, Breaker)

    @property
    def leases(self) -> list[Lease]:
        """Every lease so far."""
        return read(self.facts, Lease)
