"""What the governor says of a channel's circuit breaker (topic ``churn.breakers``, E12)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel


class BreakerState(StrEnum):
    """States of a channel's breaker (E12); ``forced_`` ones and ``shadow`` are an operator's word."""

    CLOSED = "closed"
    DEGRADED = "degraded"
    """Promotions pause, care goes on."""
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    FORCED_CLOSED = "forced_closed"
    SHADOW = "shadow"
    """It counts, says what it would do, and holds nothing."""


class Breaker(Message):
    """The state of one channel's breaker; ``round`` counts its half-open rounds (key: channel, compacted)."""

    TOPIC: ClassVar[str] = topics.BREAKERS
    TYPE: ClassVar[str] = "churn.breaker"

    channel: Channel
    state: BreakerState
    number: int = Field(default=0, description="counts what was said of this channel")
    round: int
    since: AwareDatetime
    until: AwareDatetime | None = Field(default=None, description="when its pause ends; none where no time ends it")
    would: BreakerState | None = Field(default=None, description="in shadow: the state it would be in")
    cause: str

    @property
    def key(self) -> str:
        return self.channel.value

    @property
    def ce_id(self) -> str:
        return f"{self.channel}/{self.number}"

    @property
    def ce_time(self) -> datetime:
        return self.since
