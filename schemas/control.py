"""What an operator says to the running workers (topic ``churn.control``): who, why and when always go with it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, StringConstraints

from schemas import topics
from schemas.base import Message

EVERY = "*"
"""The target that means all there are."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class ControlKind(StrEnum):
    """What is controlled."""

    INTAKE = "intake"
    """The target is a partition of the event topics whose intake has stopped: it goes on, once, where it stands."""


class Control(Message):
    """An operator's word (key: kind/target, compacted); a record without a value takes it back."""

    TOPIC: ClassVar[str] = topics.CONTROL
    TYPE: ClassVar[str] = "churn.control"

    kind: ControlKind
    target: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    who: Words
    why: Words
    at: AwareDatetime

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.target}"

    @property
    def ce_id(self) -> str:
        return f"{self.key}/{self.at.isoformat()}"

    @property
    def ce_time(self) -> datetime:
        return self.at
