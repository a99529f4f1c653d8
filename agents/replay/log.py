"""Lines of a log into events: ``{"user_id", "ts", "event", ...properties}``, a JSON object a line, sorted by time.

``ts`` is ISO 8601 with its offset, or seconds since 1970. There may be ``product`` (else ``default``), ``id`` (else the
number of the line) and ``source`` (else ``log``); every other field is a property of the event.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from schemas.faults import Fault, Faults
from schemas.policy.policy import DEFAULT_PRODUCT
from streams.intake import ABSURD_BEFORE, ABSURD_FROM, Event, Identifier, Moment

SOURCE: Final = "log"
BEGIN: Final = datetime.fromtimestamp(ABSURD_BEFORE, UTC)
END: Final = datetime.fromtimestamp(ABSURD_FROM, UTC)


class Line(msgspec.Struct):
    """The fields of a line that mean the same in every log."""

    user_id: Identifier
    ts: Moment | float
    event: Identifier
    product: Identifier = DEFAULT_PRODUCT
    id: Identifier | None = None
    source: Identifier = SOURCE


_OPTIONAL: Final = ("product", "id", "source")
_FIXES: Final[Mapping[str, str]] = {
    "ts": "write an ISO time with its offset, such as 2026-01-31T09:30:00Z (Parquet: a timestamp with its zone), or "
    "seconds since 1970",
    "line": 'write one JSON object, such as {"user_id": "u1", "ts": "2026-01-31T09:30:00Z", "event": "order.paid"}',
}
_IDENTIFIER: Final = "write a string of 1 to 256 characters"

_line_of: Final = msgspec.json.Decoder(Line).decode
_fields_of: Final = msgspec.json.Decoder(dict[str, Any]).decode


def events(lines: Iterable[bytes], name: str, kind: str = "line") -> Iterator[Event]:
    """The events of a log in order; empty lines are passed over. ``kind`` is what a line is called in a fault.

    Raises :class:`Faults` at the first line that is none, or that is older than one before it.
    """
    newest = BEGIN
    for number, text in enumerate(lines, 1):
        try:
            line = _line_of(text)
            properties = _fields_of(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if not text.strip():
                continue
            raise _unreadable(f"{name} {kind} {number}", text, error) from error
        time = line.ts if isinstance(line.ts, datetime) else _moment(line.ts, f"{name} {kind} {number}")
        if not newest <= time < END:
            raise _misplaced(f"{name} {kind} {number}", time, newest)
        newest = time
        del properties["user_id"], properties["ts"], properties["event"]
        for own in _OPTIONAL:
            if own in properties:
                del properties[own]
        yield Event(line.id or str(number), line.source, line.event, time, line.user_id, line.product, properties)


def _moment(seconds: float, place: str) -> datetime:
    if ABSURD_BEFORE <= seconds < ABSURD_FROM:
        return datetime.fromtimestamp(seconds, UTC)
    raise _fault(place, "ts", seconds, "is not in 2000 to 2099", "write seconds since 1970, not milliseconds")


def _misplaced(place: str, time: datetime, newest: datetime) -> Faults:
    shown = time.isoformat()
    if time < newest and newest > BEGIN:
        return _fault(place, "ts", shown, f"is before {newest.isoformat()} of one above", "sort the log by time")
    return _fault(place, "ts", shown, "is not in 2000 to 2099", "correct the time")


def _unreadable(place: str, text: bytes, error: Exception) -> Faults:
    """The first field that is missing or not what it should be; the line itself where it is no JSON object."""
    try:
        fields = _fields_of(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _fault(place, "line", text[:60].decode(errors="replace"), f"is no JSON object ({error})", _FIXES["line"])
    for field in msgspec.structs.fields(Line):
        fix = _FIXES.get(field.name, _IDENTIFIER)
        if field.name not in fields:
            if field.required:
                return _fault(place, field.name, None, "is missing", fix)
            continue
        try:
            msgspec.convert(fields[field.name], field.type)
        except msgspec.ValidationError as why:
            return _fault(place, field.name, fields[field.name], f"is not right ({why})", fix)
    return _fault(place, "line", text[:60].decode(errors="replace"), str(error), _FIXES["line"])


def _fault(place: str, key: str, value: object, message: str, fix: str) -> Faults:
    return Faults((Fault(place, key, value, message, fix),))
