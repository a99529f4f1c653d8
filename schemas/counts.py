"""What a dispatcher partition tells the governor (topic ``churn.counts``): what happened, what it took and wants."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas import topics
from schemas.base import Message, Part
from schemas.channel import Channel


class Tally(Part):
    """What happened on one channel in one minute of processing time, as one partition saw it: increments, not totals.

    ``round`` is the half-open round whose probes these were, 0 for ordinary messages: what comes in about old messages
    says nothing about probes.
    """

    minute: int
    channel: Channel
    round: int = 0
    sends: int = 0
    complaints: int = 0
    failures: int = 0


class Draw(Part):
    """What a partition took from its lease of one resource in one minute of processing time: increments, not totals."""

    minute: int
    resource: str
    round: int = 0
    spent: int = 0
    returned: int = Field(default=0, description="given back unspent, for other partitions to use")


class Counts(Message):
    """A dispatcher partition's increments since its last report, and what it wants leased (key: partition).

    ``wants`` is a total for the resource's round, what was spent and returned included: asking twice is harmless, and
    the newest word holds until the next.
    """

    TOPIC: ClassVar[str] = topics.COUNTS
    TYPE: ClassVar[str] = "churn.counts"

    partition: int
    number: int
    at: AwareDatetime
    tallies: tuple[Tally, ...] = ()
    draws: tuple[Draw, ...] = ()
    wants: dict[str, int] = Field(default={}, description="resource -> units wanted in all")
    least: dict[str, int] = Field(default={}, description="resource -> the fewest units that are of use; without: 1")

    @property
    def key(self) -> str:
        return str(self.partition)

    @property
    def ce_id(self) -> str:
        return f"{self.partition}/{self.number}"

    @property
    def ce_time(self) -> datetime:
        return self.at
