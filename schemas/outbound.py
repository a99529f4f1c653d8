"""What shall be sent (topic ``churn.outbound``, E16): once for read-committed consumers, with an idempotency key."""

from typing import ClassVar

from pydantic import AwareDatetime, Field, JsonValue

from schemas import topics
from schemas.base import Told
from schemas.channel import Channel
from schemas.message_class import MessageClass


class Outbound(Told):
    """One message for one user on one channel; ``id`` is also the idempotency key for whoever delivers it.

    With ``content`` it is to be sent as it stands; without, ``template`` names one of the messaging system's own, to be
    filled with ``parameters``.
    """

    TOPIC: ClassVar[str] = topics.OUTBOUND
    TYPE: ClassVar[str] = "churn.outbound"

    recall: str
    number: int = Field(default=1, ge=1, description="n-th channel of its recall; above 1 the one before has failed")
    episode: str
    stage: str
    warning: str
    channel: Channel
    playbook: str
    message_class: MessageClass = Field(default=MessageClass.PROMOTION, description="what it is for")
    template: str
    parameters: dict[str, JsonValue] = {}
    locale: str | None = Field(default=None, description="language of the text, as the policy names it")
    subject: str | None = Field(default=None, description="plain text in one line, where the channel has a subject")
    content: str | None = Field(default=None, description="plain text as it shall be read; none: fill the template")
    segments: int | None = Field(default=None, ge=1, description="short messages that the content takes (sms only)")
    link: str | None = Field(default=None, description="where the message leads, with UTM parameters")
    cost: float = Field(description="expected cost in the policy's currency: a message, or each of its segments")
    priority: int
    expires: AwareDatetime
