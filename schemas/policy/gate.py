"""The ways to send, and how long a message may wait (E1, E14)."""

from pydantic import Field

from schemas.policy.section import Section
from schemas.policy.zone import Zone


class ChannelPolicy(Section):
    """One way to reach a user; a channel without a table is never used."""

    cost: float = Field(ge=0, description="cost of one message in the shop's currency, 0 or more")
    rate_per_second: float = Field(gt=0, description="messages per second the provider takes from us all, above 0")


class Dispatch(Section):
    """How long a candidate lives and whom others have just reached (E1, E6, E14)."""

    expiry_hours: int = Field(
        default=72, ge=1, le=720, description="hours after which an unsent message expires, 1 to 720"
    )
    registry_gap_hours: int = Field(
        default=24, ge=0, le=720, description="hours after any contact by the company in which we do not send, 0 to 720"
    )
    registry_hold_minutes: int = Field(
        default=60,
        ge=0,
        le=10_080,
        description="minutes a message waits while the contact registry is away, 0 to 10080",
    )
    zone: Zone = Field(
        default="UTC", description="IANA time zone of users whose profile names none, or one that is unknown"
    )
    return_cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a return before the same user may be recalled again, 0 to 730"
    )
