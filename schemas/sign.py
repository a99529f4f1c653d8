"""What an app's event says of a user that the dispatcher must know (topic ``churn.signs``, E3-E5, E7)."""

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas import topics
from schemas.base import Told
from schemas.channel import Channel


class SignKind(StrEnum):
    """Closed; equal to the metric label."""

    COMPLAINT_OPENED = "complaint_opened"
    COMPLAINT_RESOLVED = "complaint_resolved"
    UNINSTALLED = "uninstalled"
    USED_AGAIN = "used_again"
    """The first activity after an app was removed, told by the same source."""
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


class Sign(Told):
    """One event's word about a user; ``source`` and ``event`` name the event for ever."""

    TOPIC: ClassVar[str] = topics.SIGNS
    TYPE: ClassVar[str] = "churn.sign"

    kind: SignKind
    source: str
    event: str
    at: AwareDatetime = Field(
        description="event time; of a complaint not before what was said last of its user in the product"
    )
    channel: Channel | None = Field(default=None, description="opted_in, opted_out: the channel; none means every one")
    open_complaints: int | None = Field(
        default=None, ge=0, description="complaint_opened, complaint_resolved: how many are open in the product now"
    )
