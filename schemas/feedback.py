"""What became of a message (topic ``churn.feedback``, F1)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from schemas import topics
from schemas.base import AboutUser, Moment
from schemas.channel import Channel
from schemas.events import Identifier


class FeedbackKind(StrEnum):
    """What a delivering system may report."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Feedback(AboutUser):
    """One report about one outbound message."""

    TOPIC: ClassVar[str] = topics.FEEDBACK
    TYPE: ClassVar[str] = "churn.feedback"

    id: Identifier
    message: Identifier
    user_id: Identifier
    channel: Channel
    kind: FeedbackKind
    time: Moment
    detail: str | None = None

    @property
    def ce_time(self) -> datetime:
        return self.time
