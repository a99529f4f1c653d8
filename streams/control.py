"""Reading what operators say (topic ``churn.control``), for every role alike; no bytes raise."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from pydantic import ValidationError

from schemas.control import Control, ControlKind
from streams.role import Record

_KINDS = frozenset(each.value for each in ControlKind)


class Word(NamedTuple):
    """One record of the topic: the newest of its key holds.

    ``control`` is None where the word was taken back, and where the record is ``unreadable``; ``kind`` where its key
    names none that is known.
    """

    kind: ControlKind | None
    target: str
    control: Control | None = None
    unreadable: bool = False

    @property
    def key(self) -> str:
        """What it is about, as on the topic."""
        return f"{self.kind}/{self.target}"


def read_word(record: Record) -> Word:
    """What a record says, if it is an operator's word about what its key names."""
    kind, target = about(record.key)
    if kind is None:
        return Word(None, target, unreadable=True)
    if record.value is None:
        return Word(kind, target)
    try:
        control = Control.decode(record.value)
    except ValidationError:
        control = None
    if control is None or (control.kind, control.target) != (kind, target):
        return Word(kind, target, unreadable=True)
    return Word(kind, target, control)


def about(key: bytes | None) -> tuple[ControlKind | None, str]:
    """What a record's key names: a kind (None: none that is known) and a target.

    >>> about(b"pause/come-back"), about(b"tea")
    ((<ControlKind.PAUSE: 'pause'>, 'come-back'), (None, ''))
    """
    kind, slash, target = (key or b"").decode(errors="backslashreplace").partition("/")
    known = slash and target and kind in _KINDS and not target.startswith("\0")  # no user's id: those are refused
    return (ControlKind(kind) if known else None, target)


class Order(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A word that stands, as a partition keeps it: since when, and until when (None: until it is lifted)."""

    at: datetime
    until: datetime | None = None

    @classmethod
    def of(cls, control: Control) -> "Order":
        """The order that a word gives."""
        return cls(control.at, control.until)

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.until is None or now < self.until
