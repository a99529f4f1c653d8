"""What shall be sent (topic ``churn.outbound``, E16): once for read-committed consumers, with an idempotency key."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, JsonValue

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel


class Outbound(Message):
    """One message for one user on one channel; ``id`` is also the idempotency key for whoever delivers it."""

    TOPIC: ClassVar[str] = topics.OUTBOUND
    TYPE: ClassVar[str] = "churn.outbound"

    id: str
    recall: str
    episode: str
    stage: str
    warning: str
    user_id: str
    product: str
    channel: Channel
    playbook: str
    template: str
    parameters: dict[str, JsonValue] = {}
    link: str | None = None
    cost: float
    priority: int
    at: AwareDatetime
    expires: AwareDatetime
    policy_hash: str

    @property
    def key(self) -> str:
        return self.user_id

    @property
    def ce_id(self) -> str:
        return self.id

    @property
    def ce_time(self) -> datetime:
        return self.at
