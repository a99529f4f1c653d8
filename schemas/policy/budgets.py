"""How much may be spent and sent over all users together, and when a run of messages is too long (E9, E10, E17)."""

from typing import Annotated

from pydantic import Field

from schemas.channel import Channel
from schemas.policy.section import Section
from schemas.policy.zone import Zone

Money = Annotated[float, Field(ge=0, le=1e9)]
Messages = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Budgets(Section):
    """What messages may cost in a calendar day, in the currency of the channels' ``cost``; 0 allows none (E10)."""

    zone: Zone = Field(default="UTC", description="IANA time zone in which the days of budgets begin")
    day: Money | None = Field(default=None, description="cost of a day's messages, 0 to 10^9; without: no limit")
    playbooks: dict[str, Money] = Field(
        default={}, description="playbook -> cost of its messages in a day, 0 to 10^9; not listed: no limit of its own"
    )


class VolumeCap(Section):
    """At most so many messages to all users together in any hour and any day (rolling windows); 0 allows none."""

    hour: Messages | None = Field(default=None, description="messages in any 60 minutes, 0 to 10^9; without: no limit")
    day: Messages | None = Field(default=None, description="messages in any 24 hours, 0 to 10^9; without: no limit")


class Volume(VolumeCap):
    """Caps over all users together, on all channels and on each (E9); rolling windows; 0 allows none."""

    channels: dict[Channel, VolumeCap] = Field(
        default={}, description="channel -> its own caps, a table { hour, day } a channel"
    )


class Blast(Section):
    """A run of messages far above the usual stops by itself (E17); without ``per_hour`` and ``factor`` nothing does.

    The usual is learned: a moving average over the hours in which anything was sent.
    """

    per_hour: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="messages in any 60 minutes, 1 to 10^9; without: no such limit",
    )
    factor: float | None = Field(
        default=None, gt=1, le=10_000, description="times the usual hour, above 1 to 10^4; without: no such limit"
    )
    floor: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000_000,
        description="the usual hour counts as so many messages at least, 1 to 10^9",
    )
    half_life_hours: int = Field(
        default=168, ge=1, le=8_760, description="hours with messages after which the past counts half, 1 to 8760"
    )
    resumes: bool = Field(
        default=False, description="true: goes on by itself as the hour passes; false: waits for an operator's release"
    )
