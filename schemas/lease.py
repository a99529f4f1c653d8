"""What the governor lets one dispatcher partition spend of what is for all of them (topic ``churn.leases``).

Resources and their units: ``probes/CHANNEL`` (messages of a half-open round, E12), ``budget`` and ``budget/PLAYBOOK``
(millionths of the policy's currency, E10), ``volume/hour``, ``volume/day``, ``volume/CHANNEL/hour``,
``volume/CHANNEL/day`` (messages, E9), ``blast`` (messages, E17).
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from pydantic import AwareDatetime, Field

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel

BLAST: Final = "blast"
MICROS: Final = 1_000_000
"""Units of money in one unit of the policy's currency: whole numbers add up exactly, whatever their order."""


class Span(StrEnum):
    """Rolling windows of the volume caps."""

    HOUR = "hour"
    DAY = "day"


def probes(channel: Channel) -> str:
    """The resource that a half-open channel's probes are leased from.

    >>> probes(Channel.SMS)
    'probes/sms'
    """
    return f"probes/{channel}"


def budget(playbook: str | None = None) -> str:
    """The resource of a day's money: of one playbook, or of all of them.

    >>> budget(), budget("gift")
    ('budget', 'budget/gift')
    """
    return "budget" if playbook is None else f"budget/{playbook}"


def volume(span: Span, channel: Channel | None = None) -> str:
    """The resource of messages to all users: on one channel, or on all of them.

    >>> volume(Span.DAY), volume(Span.HOUR, Channel.SMS)
    ('volume/day', 'volume/sms/hour')
    """
    return f"volume/{span}" if channel is None else f"volume/{channel}/{span}"


class Lease(Message):
    """What one partition may spend of one resource, in total: it spends at most ``granted``, and not before ``at``.

    The total only grows. A lease belongs to the partition, not to its worker: whoever opens the partition goes on with
    it. Of probes it holds for its half-open ``round`` alone; the leases of other resources do not lapse.
    """

    TOPIC: ClassVar[str] = topics.LEASES
    TYPE: ClassVar[str] = "churn.lease"

    resource: str
    partition: int
    round: int = 0
    granted: int
    reserve: int = Field(default=0, description="so much unspent may be kept for what comes; the rest is given back")
    at: AwareDatetime

    @property
    def key(self) -> str:
        return f"{self.resource}/{self.partition}"

    @property
    def ce_id(self) -> str:
        return f"{self.key}/{self.round}/{self.granted}"

    @property
    def ce_time(self) -> datetime:
        return self.at
