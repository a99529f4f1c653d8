"""What the governor and the dispatchers tell each other (``churn.counts``, ``churn.breakers``, ``churn.leases``)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel


class BreakerState(StrEnum):
    """States of a channel's breaker (E12)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Tally(BaseModel):
    """What happened on one channel in one minute of processing time, as one partition saw it: increments, not totals.

    ``round`` is the half-open round whose probes these were, 0 for ordinary messages: what comes in about old messages
    says nothing about probes.
    """

    model_config = ConfigDict(frozen=True)

    minute: int
    channel: Channel
    round: int = 0
    sends: int = 0
    complaints: int = 0
    failures: int = 0


class Counts(Message):
    """A dispatcher partition's increments since its last report, and the probes it wants (key: partition).

    ``wants`` is a total for the half-open round the channel is in, spent ones included: asking twice is harmless.
    """

    TOPIC: ClassVar[str] = topics.COUNTS
    TYPE: ClassVar[str] = "churn.counts"

    partition: int
    number: int
    at: AwareDatetime
    tallies: tuple[Tally, ...] = ()
    wants: dict[Channel, int] = {}

    @property
    def key(self) -> str:
        return str(self.partition)

    @property
    def ce_id(self) -> str:
        return f"{self.partition}/{self.number}"

    @property
    def ce_time(self) -> datetime:
        return self.at


class Breaker(Message):
    """The state of one channel's breaker; ``round`` counts its half-open rounds (key: channel, compacted)."""

    TOPIC: ClassVar[str] = topics.BREAKERS
    TYPE: ClassVar[str] = "churn.breaker"

    channel: Channel
    state: BreakerState
    round: int
    since: AwareDatetime
    cause: str

    @property
    def key(self) -> str:
        return self.channel.value

    @property
    def ce_id(self) -> str:
        return f"{self.channel}/{self.round}/{self.state}"

    @property
    def ce_time(self) -> datetime:
        return self.since


class Lease(Message):
    """Probes granted to one partition in one half-open round, in total: it may send at most ``granted`` of them."""

    TOPIC: ClassVar[str] = topics.LEASES
    TYPE: ClassVar[str] = "churn.lease"

    channel: Channel
    partition: int
    round: int
    granted: int
    at: AwareDatetime

    @property
    def key(self) -> str:
        return f"{self.channel}/{self.partition}"

    @property
    def ce_id(self) -> str:
        return f"{self.key}/{self.round}/{self.granted}"

    @property
    def ce_time(self) -> datetime:
        return self.at
