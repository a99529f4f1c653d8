"""Records that others write (profiles, feedback): a message, or why it is refused; no bytes raise."""

from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from schemas.feedback import Feedback
from schemas.profile import Profile
from schemas.reject import MISSING, RejectReason
from streams.role import Record

M = TypeVar("M", Profile, Feedback)

_REASONS = {
    "model_type": RejectReason.NOT_AN_OBJECT,
    "model_attributes_type": RejectReason.NOT_AN_OBJECT,
    "json_invalid": RejectReason.NOT_JSON,
}


class Refused(NamedTuple):
    """Why a record is not taken; the detail names the field, the value's fault and what is expected."""

    reason: RejectReason
    detail: str


def read(model: type[M], record: Record, max_bytes: int) -> M | Refused:
    """The message of a record with a value, about the user that is its key."""
    if not record.value:
        return Refused(RejectReason.EMPTY, "the record has no value; send the message as JSON")
    if len(record.value) > max_bytes:
        return Refused(RejectReason.TOO_LARGE, f"{len(record.value)} bytes, at most {max_bytes} are taken")
    try:
        message = model.model_validate_json(record.value)
    except ValidationError as error:
        return _why(error, record.value)
    if not _is_in_calendar(message.time):
        return Refused(RejectReason.ABSURD_TIME, f"time: {message.time} is outside the years 1 to 9999 in UTC")
    if record.key != message.user_id.encode():
        return Refused(RejectReason.KEY_MISMATCH, "the record key is not user_id; send the user id as the key")
    return message


def _why(error: ValidationError, value: bytes) -> Refused:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    detail = f"{field}: {first['msg']}" if field else first["msg"]
    if first["type"] == "json_invalid" and not _is_utf8(value):
        return Refused(RejectReason.NOT_UTF8, detail)
    if first["type"] == "missing":
        return Refused(MISSING.get(field, RejectReason.MISSING_FIELD), detail)
    if field == "time":
        naive = first["type"] == "timezone_aware"
        return Refused(RejectReason.NAIVE_TIME if naive else RejectReason.UNREADABLE_TIME, detail)
    return Refused(_REASONS.get(first["type"], RejectReason.WRONG_TYPE), detail)


def _is_in_calendar(time: datetime) -> bool:
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
