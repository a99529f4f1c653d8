"""What an operator says to the running workers (topic ``churn.control``, G6): who, why and when always go with it."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas import topics
from schemas.base import Headers, Message, Moment
from schemas.channel import Channel
from schemas.lease import BLAST

EVERY = "*"
"""The target that means all there are."""

WORDS_CHARACTERS: Final = 1_000
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=WORDS_CHARACTERS)]


class ControlKind(StrEnum):
    """What is controlled."""

    INTAKE = "intake"
    """The target is a partition of the event topics whose intake has stopped: it goes on, once, where it stands."""
    SILENCE = "silence"
    """The target is a user: nothing is sent to him before ``until``."""
    SUPPRESS = "suppress"
    """The target is a user: nothing is sent to him, for ever or until ``until``; what waits for him is dropped."""
    PAUSE = "pause"
    """The target is a playbook: what it would send waits."""
    BREAKER = "breaker"
    """The target is a channel: its breaker stands as ``value`` says."""
    RELEASE = "release"
    """The target is what a blast-radius guard has paused: it goes on, once."""


LASTING: Final = (ControlKind.SILENCE, ControlKind.SUPPRESS, ControlKind.PAUSE, ControlKind.BREAKER)
"""The kinds that are in force until they end; the others work once, when they are heard."""


class Forced(StrEnum):
    """How an operator wants a channel's breaker (E12)."""

    OPEN = "forced_open"
    """Nothing goes out on the channel, whatever is counted."""
    CLOSED = "forced_closed"
    """Everything may go out on the channel, whatever is counted."""
    SHADOW = "shadow"
    """It moves and is published, and holds nothing."""
    AUTO = "auto"
    """It moves by itself: as if nothing had been said."""


class Shape(NamedTuple):
    """What a word of one kind must say; ``until`` and ``value`` are True where required, False where forbidden."""

    target: str
    names: str
    until: bool | None = None
    value: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        nothing = [name for name in ("until", "value") if getattr(self, name) is False]
        needed = [name for name in ("until", "value") if getattr(self, name)]
        properties = {"target": {"pattern": f"^({self.target})$"}} | {name: {"type": "null"} for name in nothing}
        return {"properties": properties, "required": needed}


_USER: Final = r"[\s\S]{1,256}"
SHAPES: Final[dict[ControlKind, Shape]] = {
    ControlKind.INTAKE: Shape(r"\*|\d{1,9}", "a partition's number, or '*' for all", until=False),
    ControlKind.SILENCE: Shape(_USER, "a user id of 1 to 256 characters", until=True),
    ControlKind.SUPPRESS: Shape(_USER, "a user id of 1 to 256 characters"),
    ControlKind.PAUSE: Shape(r"\*|[a-z0-9][a-z0-9_.-]{0,63}", "a playbook's name, or '*' for all"),
    ControlKind.BREAKER: Shape("|".join(Channel), f"a channel: {', '.join(Channel)}", value=True),
    ControlKind.RELEASE: Shape(rf"\*|{BLAST}", f"a blast-radius guard: {BLAST}, or '*' for all", until=False),
}
"""Also the reader's view of what a target is: its names are shown where one is wrong."""


def _conditions(schema: dict[str, Any]) -> None:
    """Each kind's own conditions, for readers of the JSON Schema."""
    schema["allOf"] = [
        {"if": {"properties": {"kind": {"const": kind.value}}}, "then": shape.schema} for kind, shape in SHAPES.items()
    ]


class Control(Message):
    """An operator's word (key: kind/target, compacted); a record without a value takes it back."""

    model_config = ConfigDict(json_schema_extra=_conditions)

    TOPIC: ClassVar[str] = topics.CONTROL
    TYPE: ClassVar[str] = "churn.control"

    kind: ControlKind
    target: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        description="whom or what it is about: a user, partition, playbook, channel or guard, 1 to 256 characters"
    )
    value: Forced | None = Field(default=None, description="how a channel's breaker shall stand; of kind breaker alone")
    who: Words = Field(description="the operator's name, 1 to 1000 characters")
    why: Words = Field(description="the reason in words, 1 to 1000 characters")
    at: Moment = Field(description="when it was said")
    until: Moment | None = Field(default=None, description="a moment: it holds before it; without, until it is lifted")

    @model_validator(mode="after")
    def _as_its_kind_asks(self) -> Self:
        shape = SHAPES[self.kind]
        if not re.fullmatch(shape.target, self.target):
            raise _fault(self.kind, "target", f"is not {shape.names}")
        for name, needed in (("until", shape.until), ("value", shape.value)):
            if needed is not None and needed != (getattr(self, name) is not None):
                raise _fault(self.kind, name, "is missing" if needed else "is given; leave it out")
        if self.until is not None and self.until <= self.at:
            raise _fault(self.kind, "until", f"is not after its time, {self.at.isoformat()}")
        return self

    def holds(self, now: datetime) -> bool:
        """Whether it is in force: from the moment it is heard, and before ``until``."""
        return self.until is None or now < self.until

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.target}"

    @property
    def ce_id(self) -> str:
        return f"{self.key}/{self.at.isoformat()}"

    @property
    def ce_time(self) -> datetime:
        return self.at


def _fault(kind: ControlKind, field: str, words: str) -> PydanticCustomError:
    told = {"kind": kind.value, "field": field, "words": words}
    return PydanticCustomError("control_kind", "{kind}: {field} {words}", told)


class LiftHeader(StrEnum):
    """Headers of a record that takes a word back, for it has no value; texts in UTF-8, the time as RFC 3339."""

    WHO = "churn-who"
    WHY = "churn-why"
    AT = "churn-at"


def lift_headers(who: str, why: str, at: datetime) -> Headers:
    """Who takes a word back, why and when."""
    said = {LiftHeader.WHO: who, LiftHeader.WHY: why, LiftHeader.AT: at.isoformat()}
    return tuple((name.value, text.encode()) for name, text in said.items())
