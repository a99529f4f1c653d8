"""Who a user is (topic ``user.profiles``, compacted, A5); no profile means no consent, and no way to reach him."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from schemas import topics
from schemas.base import Message, Moment, Number, Part, Whole
from schemas.channel import Channel
from schemas.events import Identifier
from schemas.policy.quiet import ClockTime


class OwnQuietHours(Part):
    """Hours in which the user does not want to be written to, on his own clock; ``end`` may lie on the next day."""

    start: ClockTime = Field(description="first minute of quiet, HH:MM")
    end: ClockTime = Field(description="first minute that is not, HH:MM; the same as start: there are none")


class Profile(Message):
    """A user's value, consent per channel, reachable channels and preferences; the newest record holds."""

    TOPIC: ClassVar[str] = topics.PROFILES
    TYPE: ClassVar[str] = "user.profile"

    user_id: Identifier
    time: Moment
    consent: dict[Channel, bool] = {}
    reachable: tuple[Channel, ...] = ()
    zone: str | None = Field(
        default=None, description="IANA time zone; none, or one that is unknown: the policy's dispatch.zone"
    )
    language: str | None = None
    region: str | None = Field(default=None, max_length=64)
    city_tier: Whole | None = None
    tier: str | None = Field(default=None, max_length=64, description="the company's own name for the user's value")
    quiet_hours: OwnQuietHours | None = Field(
        default=None, description="the user's own quiet hours: on every channel, within what the policy allows"
    )
    silent_until: Moment | None = Field(
        default=None, description="the user wants no message of any kind before this moment"
    )
    total_spend: Number = 0.0
    lifetime_value: Number | None = None
    acquisition_cost: Number | None = None
    coupons_issued: Whole = 0
    coupons_redeemed: Whole = 0

    @property
    def key(self) -> str:
        return self.user_id

    @property
    def ce_id(self) -> str:
        return f"{self.user_id}@{self.time.isoformat()}"

    @property
    def ce_time(self) -> datetime:
        return self.time
