"""Who a user is (topic ``user.profiles``, compacted, A5); no profile means no consent."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.events import Identifier


class Profile(Message):
    """A user's value, consent per channel, reachable channels and preferences; the newest record holds."""

    TOPIC: ClassVar[str] = topics.PROFILES
    TYPE: ClassVar[str] = "user.profile"

    user_id: Identifier
    time: AwareDatetime
    consent: dict[Channel, bool] = {}
    reachable: tuple[Channel, ...] = ()
    zone: str | None = None
    language: str | None = None
    region: str | None = None
    city_tier: int | None = None
    total_spend: float = 0.0
    lifetime_value: float | None = None
    acquisition_cost: float | None = None
    coupons_issued: int = 0
    coupons_redeemed: int = 0

    @property
    def key(self) -> str:
        return self.user_id

    @property
    def ce_id(self) -> str:
        return f"{self.user_id}@{self.time.isoformat()}"

    @property
    def ce_time(self) -> datetime:
        return self.time
