"""Reading what operators say (topic ``churn.control``), for every role alike; no bytes raise."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct
from pydantic import ValidationError

from schemas.control import Control, ControlKind
from streams.role import Record

_KINDS = frozenset(each.value for each in ControlKind)
FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a silence whose own end cannot be read."""
_FORBIDDING: Final = {ControlKind.SILENCE: FOREVER, ControlKind.SUPPRESS: None, ControlKind.PAUSE: None}
"""The kinds by which less is sent than without them, and the end they have where nothing but their key can be read."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Word(NamedTuple):
    """One record of the topic: the newest of its key holds.

    ``control`` is None where the word was taken back; ``kind`` where its key names none that is known. Where the value
    is ``unreadable``, ``control`` is what the key alone orders if that forbids something, without an end; else None.
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
        return Word(kind, target, _forbidding(kind, target, record.timestamp), unreadable=True)
    return Word(kind, target, control)


def _forbidding(kind: ControlKind, target: str, milliseconds: int) -> Control | None:
    """The order of which only the key was read: somebody wanted less to be sent, and nobody knows until when."""
    if kind not in _FORBIDDING:
        return None
    try:
        at = min(_EPOCH + timedelta(milliseconds=milliseconds), FOREVER - timedelta(days=1))
    except OverflowError:
        at = _EPOCH
    why = "its record cannot be read: it holds until it is lifted"
    try:
        return Control(kind=kind, target=target, who="unknown", why=why, at=at, until=_FORBIDDING[kind])
    except ValidationError:  # no such user or playbook can be
        return None


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
