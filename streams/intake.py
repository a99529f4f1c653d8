"""Bytes and headers in, an event or a reason out (A1, A3): whatever an app sends, :meth:`Intake.read` returns.

Three forms are read: CloudEvents 1.0 in binary mode (attributes in ``ce_*`` headers, data = properties), CloudEvents in
structured mode (``content-type: application/cloudevents+json``), and plain JSON with the fields of
:class:`schemas.events.Event`. In each the record's key is the user id.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from schemas.policy import Policy
from schemas.reject import MISSING, RejectReason
from streams.partitioner import MISPLACED
from streams.role import Record

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Naive = Annotated[datetime, msgspec.Meta(tz=False)]


class Event(msgspec.Struct, frozen=True):
    """An accepted event: the fields of :class:`schemas.events.Event`, read faster; a law keeps the two equal."""

    id: Identifier
    source: Identifier
    type: Identifier
    time: Moment
    user_id: Identifier
    product: Identifier = "default"
    properties: dict[str, Any] = {}


class Reject(NamedTuple):
    """Why a record is no event; ``detail`` names the field, the value and the fix."""

    reason: RejectReason
    detail: str


ABSURD_BEFORE: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
ABSURD_FROM: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())

CLOUDEVENT: Final = {
    "id": "id",
    "source": "source",
    "type": "type",
    "time": "time",
    "user_id": "subject",
    "product": "product",
    "properties": "data",
}
"""Our field -> the CloudEvents attribute (or ``data``) that carries it; in binary mode with ``ce_`` before it."""

_FIELDS: Final[Mapping[str, Any]] = {field.name: field.type for field in msgspec.structs.fields(Event)}
_REQUIRED: Final = frozenset(field.name for field in msgspec.structs.fields(Event) if field.required)
_WANTED: Final = {
    "time": "write an RFC 3339 time with its offset, such as 2026-01-31T09:30:00Z",
    "properties": "write a JSON object",
}
_IDENTIFIER: Final = "write a string of 1 to 256 characters"

_event_of: Final[Callable[[bytes], Event]] = msgspec.json.Decoder(Event).decode
_json_of: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode


class Intake:
    """Reads records under one policy's limits on size and earliness; ``home`` says which keys belong here."""

    def __init__(self, policy: Policy, home: Callable[[bytes], bool] = lambda key: True) -> None:
        self._home = home
        self._max_bytes = policy.intake.max_bytes
        self._early_seconds = policy.intake.early_minutes * 60

    def read(self, record: Record) -> Event | Reject:
        """The event that a record carries, or why it carries none; never raises, whatever the bytes and headers are.

        Size is judged before anything is parsed. An event may be ``early_minutes`` ahead of its record's time; a record
        without a time (-1) is not judged for it. Times before 2000 or from 2100 on are absurd.
        """
        value = record.value or b""
        if len(value) > self._max_bytes:
            fault = f"the value has {len(value)} bytes; send at most {self._max_bytes} (policy: intake.max_bytes)"
            return Reject(RejectReason.TOO_LARGE, fault)
        try:
            found = _cloud_or_plain(record, value) if record.headers else _plain(value)
        except UnicodeDecodeError as error:
            fault = f"byte {error.object[error.start]:#04x} is not UTF-8; encode text as UTF-8"
            return Reject(RejectReason.NOT_UTF8, fault)
        except RecursionError:
            return Reject(RejectReason.NOT_JSON, "the value is nested too deeply; send flat properties")
        return found if isinstance(found, Reject) else self._judged(found, record)

    def _judged(self, event: Event, record: Record) -> Event | Reject:
        key = event.user_id.encode()
        if key != record.key:
            fault = f"the key {_shown(record.key)} is not the user {_shown(event.user_id)}; set the key to the user id"
            return Reject(RejectReason.KEY_MISMATCH, fault)
        if key.startswith(b"\0"):
            return Reject(
                RejectReason.WRONG_TYPE, f"the user {_shown(event.user_id)} begins with a NUL; take another id"
            )
        if not self._home(key):
            fault = f"the key {_shown(key)} {MISPLACED}"
            return Reject(RejectReason.WRONG_PARTITION, fault)
        time = event.time.timestamp()
        if not ABSURD_BEFORE <= time < ABSURD_FROM:
            fault = f"time {event.time.isoformat()} is not in 2000 to 2099; correct the app's clock"
            return Reject(RejectReason.ABSURD_TIME, fault)
        if 0 <= record.timestamp < (time - self._early_seconds) * 1000:
            fault = (
                f"time {event.time.isoformat()} is more than {self._early_seconds} s ahead of the record's own time, "
                f"{record.timestamp} ms since 1970; correct the app's clock (policy: intake.early_minutes)"
            )
            return Reject(RejectReason.TOO_EARLY, fault)
        return event


def _plain(value: bytes) -> Event | Reject:
    """Plain JSON: the fast path decodes straight into an event, and only a failure is looked at closely."""
    if not value.isascii():
        value.decode()  # what the decoder skips it does not check; bad UTF-8 anywhere is a fault
    try:
        return _event_of(value)
    except msgspec.MsgspecError:
        body = _object(value)
        return body if isinstance(body, Reject) else _event(body, {})


def _cloud_or_plain(record: Record, value: bytes) -> Event | Reject:
    content_type, attributes = _attributes(record.headers)
    if content_type.startswith("application/cloudevents"):
        return _structured(record, value, content_type)
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        return Reject(
            RejectReason.UNSUPPORTED_CONTENT_TYPE, f"content-type {content_type!r} is not read; send application/json"
        )
    return _binary(record, value, attributes) if attributes else _plain(value)


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> tuple[str, dict[str, str]]:
    """The media type in lower case without its parameters, and the ``ce_*`` headers; the first of a name counts."""
    content_type, attributes = "", dict[str, str]()
    for name, raw in headers:
        if raw is None:
            continue
        if name.startswith("ce_"):
            attributes.setdefault(name, raw.decode())
        elif not content_type and name.lower() == "content-type":
            content_type = raw.decode().partition(";")[0].strip().lower()
    return content_type, attributes


def _binary(record: Record, value: bytes, attributes: dict[str, str]) -> Event | Reject:
    names = {field: f"ce_{attribute}" for field, attribute in CLOUDEVENT.items()}
    data = _object(value) if value else {}
    if isinstance(data, Reject):
        return data
    fields: dict[str, Any] = {field: attributes[name] for field, name in names.items() if name in attributes}
    return _event(_with_user(fields, record) | {"properties": data}, names)


def _structured(record: Record, value: bytes, content_type: str) -> Event | Reject:
    if content_type != "application/cloudevents+json":
        return Reject(
            RejectReason.UNSUPPORTED_CONTENT_TYPE,
            f"content-type {content_type!r} is not read; send one event as application/cloudevents+json",
        )
    body = _object(value)
    if isinstance(body, Reject):
        return body
    if "data_base64" in body:
        return Reject(RejectReason.UNSUPPORTED_CONTENT_TYPE, "data_base64 is not read; send a JSON object as data")
    fields = {field: body[name] for field, name in CLOUDEVENT.items() if body.get(name) is not None}
    return _event(_with_user(fields, record), CLOUDEVENT)


def _with_user(fields: dict[str, Any], record: Record) -> dict[str, Any]:
    """Without a subject, the key alone names the user."""
    return fields if "user_id" in fields or record.key is None else fields | {"user_id": record.key.decode()}


def _object(value: bytes) -> dict[str, Any] | Reject:
    if not value.strip():
        return Reject(RejectReason.EMPTY, "the value is empty; send one event as a JSON object")
    value.decode()
    try:
        body = _json_of(value)
    except msgspec.MsgspecError as error:
        return Reject(RejectReason.NOT_JSON, f"the value is not JSON: {error}; send one JSON object")
    if isinstance(body, dict):
        return body
    return Reject(RejectReason.NOT_AN_OBJECT, f"the value is a JSON {type(body).__name__}; send one JSON object")


def _event(fields: dict[str, Any], names: Mapping[str, str]) -> Event | Reject:
    try:
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        return _fault(fields, names) or Reject(RejectReason.WRONG_TYPE, str(error))


def _fault(fields: dict[str, Any], names: Mapping[str, str]) -> Reject | None:
    """The first field that is missing or not what it should be, in the words of the form it came in."""
    for field, kind in _FIELDS.items():
        name, fix = names.get(field, field), _WANTED.get(field, _IDENTIFIER)
        if field not in fields:
            if field in _REQUIRED:
                return Reject(MISSING[field], f"{name} is missing; {fix}")
            continue
        try:
            msgspec.convert(fields[field], kind)
        except msgspec.ValidationError as error:
            reason = _why(field, fields[field])
            return Reject(reason, f"{name} is {_shown(fields[field])}: {error}; {fix}")
    return None


def _why(field: str, value: object) -> RejectReason:
    """The reason for a field that is not what it should be; a time that is a text has reasons of its own."""
    if field != "time" or not isinstance(value, str):
        return RejectReason.WRONG_TYPE
    try:
        msgspec.convert(value, Naive)
    except msgspec.ValidationError:
        return RejectReason.UNREADABLE_TIME
    return RejectReason.NAIVE_TIME


def _shown(value: object, characters: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= characters else text[:characters] + "…"
