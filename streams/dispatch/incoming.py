"""Records that others write (profiles, feedback): a message, or why it is refused; no bytes raise.

What a refused record takes back is obeyed all the same (:class:`Obeyed`): a refusal must not keep a consent alive.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from schemas.channel import Channel
from schemas.events import Identifier
from schemas.feedback import Feedback, FeedbackKind
from schemas.profile import Profile
from schemas.reject import MISSING, RejectReason
from streams.role import Record

M = TypeVar("M", Profile, Feedback)

RESERVED = b"\0"
"""Keys that begin with it are the program's own."""
OBEYED_BYTES: Final = 1_048_576
"""Of a record that is larger nothing is obeyed; Kafka takes none by default."""
LATEST: Final = timezone(timedelta(hours=-12))
FOREVER = datetime.max.replace(tzinfo=UTC)
_REASONS = {
    "model_type": RejectReason.NOT_AN_OBJECT,
    "model_attributes_type": RejectReason.NOT_AN_OBJECT,
    "json_invalid": RejectReason.NOT_JSON,
    "outside_calendar": RejectReason.ABSURD_TIME,
}


class Obeyed(NamedTuple):
    """What a refused record takes back: consent on these channels, or any message before a moment."""

    channels: tuple[Channel, ...] = ()
    silent_until: datetime | None = None
    complains: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """For the letter: the fields that are obeyed.

        >>> Obeyed((Channel.PUSH,)).names
        ('consent.push=false',)
        """
        names = [f"consent.{channel}=false" for channel in self.channels]
        names += [f"silent_until={self.silent_until.isoformat()}"] if self.silent_until else []
        return (*names, *(["complained"] if self.complains else []))


NOTHING = Obeyed()


class Refused(NamedTuple):
    """Why a record is not taken; the detail names the field, the value's fault and what is expected."""

    reason: RejectReason
    detail: str
    obeyed: Obeyed = NOTHING


def read(model: type[M], record: Record, max_bytes: int) -> M | Refused:
    """The message of a record with a value, about the user that is its key."""
    if not record.value:
        return Refused(RejectReason.EMPTY, "the record has no value; send the message as JSON")
    if len(record.value) > max_bytes:
        detail = f"{len(record.value)} bytes, at most {max_bytes} are taken"
        return Refused(RejectReason.TOO_LARGE, detail, _obeyed(model, record))
    try:
        message = model.model_validate_json(record.value)
    except ValidationError as error:
        reason, detail = _why(error, record.value)
        return Refused(reason, detail, _obeyed(model, record))
    if record.key != message.user_id.encode():
        return Refused(RejectReason.KEY_MISMATCH, "the record key is not user_id; send the user id as the key")
    if record.key.startswith(RESERVED):
        return Refused(RejectReason.WRONG_TYPE, "user_id begins with a NUL, which is reserved; send another id")
    return message


def _why(error: ValidationError, value: bytes) -> tuple[RejectReason, str]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    detail = f"{field}: {first['msg']}" if field else first["msg"]
    if first["type"] == "json_invalid" and not _is_utf8(value):
        return RejectReason.NOT_UTF8, detail
    if first["type"] == "missing":
        return MISSING.get(field, RejectReason.MISSING_FIELD), detail
    if field == "time" and first["type"] not in _REASONS:
        naive = first["type"] == "timezone_aware"
        return RejectReason.NAIVE_TIME if naive else RejectReason.UNREADABLE_TIME, detail
    return _REASONS.get(first["type"], RejectReason.WRONG_TYPE), detail


_flag = TypeAdapter(bool).validate_python
_moment = TypeAdapter(datetime).validate_python
_identifier = TypeAdapter(Identifier).validate_python
_LAST_MILLISECOND: Final = 253_402_300_799_999
_BEYOND = re.compile(r"\+?\d{5,}-")
"""How a year after 9999 begins: the greatest time of JavaScript is +275760-09-13T00:00:00.000Z."""


def _obeyed(model: type[Profile] | type[Feedback], record: Record) -> Obeyed:
    """What a record that is refused takes back, if it is JSON and about the user that is its key."""
    if len(record.value or b"") > OBEYED_BYTES:
        return NOTHING
    body = _leniently(record.value or b"")
    if not isinstance(body, dict) or not _is_about(body.get("user_id"), record.key):
        return NOTHING
    return _of_profile(body) if model is Profile else _of_feedback(body)


def _leniently(value: bytes) -> Any:
    """The JSON of a record that is refused, read as any program may write it; None where it is none.

    Of a no less is asked than of a yes: NaN, numbers of any size, half of a surrogate pair, a byte order mark, UTF-16,
    UTF-32 and bytes that are no text do not keep a consent alive.
    """
    try:
        return json.loads(value.decode(json.detect_encoding(value), errors="replace"), parse_int=float)
    except (ValueError, RecursionError):
        return None


def _is_about(user: object, key: bytes | None) -> bool:
    """Whether a key is that of this user, and a user may have it."""
    try:
        _identifier(user)
    except ValidationError:
        return False
    return isinstance(user, str) and user.encode() == key and not key.startswith(RESERVED)


def _of_profile(body: Mapping[str, Any]) -> Obeyed:
    consent = body.get("consent")
    said = consent.items() if isinstance(consent, dict) else ()
    withdrawn = {name for name, given in said if _is_no(given)}
    return Obeyed(tuple(channel for channel in Channel if channel in withdrawn), _silent(body.get("silent_until")))


def _of_feedback(body: Mapping[str, Any]) -> Obeyed:
    kind, name = body.get("kind"), body.get("channel")
    if kind == FeedbackKind.UNSUBSCRIBED:
        return Obeyed(tuple(channel for channel in Channel if channel == name))
    return Obeyed(complains=kind == FeedbackKind.COMPLAINED)


def _is_no(given: object) -> bool:
    """Whether a consent is a no, in any spelling that would be read as one in a good profile."""
    try:
        return not _flag(given)
    except ValidationError:
        return False


def _silent(until: object) -> datetime | None:
    """Until when the user wants no message; what is no moment, or beyond the calendar, is its end.

    A moment without an offset is taken where it is latest, in UTC-12.
    """
    if until is None or until is False or (isinstance(until, str) and not until.strip()):
        return None
    beyond = _BEYOND.match(until) if isinstance(until, str) else isinstance(until, float) and until > _LAST_MILLISECOND
    if beyond:
        return FOREVER
    try:
        moment = _moment(until)
    except ValidationError:
        return FOREVER
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=LATEST).astimezone(UTC)
    except OverflowError:
        return FOREVER if moment.year > 1 else None


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
