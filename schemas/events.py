"""What an app says a user did (topic ``app.events``): CloudEvents binary, structured, or plain JSON (A1)."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, JsonValue, StringConstraints

from schemas import topics
from schemas.base import AboutUser

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Event(AboutUser):
    """One thing one user did at one time in one product."""

    TOPIC: ClassVar[str] = topics.EVENTS
    TYPE: ClassVar[str] = "app.event"

    id: Identifier
    source: Identifier
    type: Identifier
    time: AwareDatetime
    user_id: Identifier
    product: Identifier = "default"
    properties: dict[str, JsonValue] = {}

    @property
    def ce_time(self) -> datetime:
        return self.time
