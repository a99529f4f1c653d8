"""A refused record as a dead letter that always fits: it is never larger than 256,000 bytes (A3)."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from schemas import topics
from schemas.base import Headers
from schemas.reject import OURS, RejectReason, cut_header, dead_letter_headers
from streams.role import Fact, Record

LETTER_BYTES: Final = 256_000
"""Key, value and headers of a letter on the wire at most. A record may be compressed to a thousandth on its way in."""


def dead_letter(
    record: Record, topic: str, partition: int, reason: RejectReason, detail: str, obeyed: tuple[str, ...] = ()
) -> Fact:
    """The letter of a record of ``topic``: as it came, where it was, and why it is refused.

    ``obeyed`` names the parts of the record that were applied all the same. What does not fit is cut: first the value,
    then the record's own headers, from the last one on, then the key, which its SHA-256 replaces. A header names the
    parts that were cut, with the bytes they had.
    """
    headers = dead_letter_headers(
        record.headers,
        reason=reason,
        detail=detail,
        topic=topic,
        partition=partition,
        offset=record.offset,
        timestamp=record.timestamp,
        obeyed=obeyed,
    )
    key, value = record.key, record.value
    if size_of(key, value, headers) > LETTER_BYTES:
        key, value, headers = _cut(key, value, headers)
    return Fact(topics.DEAD_LETTERS, key, value, headers)


def _cut(key: bytes | None, value: bytes | None, headers: Headers) -> tuple[bytes | None, bytes | None, Headers]:
    """The parts that fit together with the header that names what was cut."""
    cut: dict[str, int] = {}
    own = tuple(each for each in headers if each[0] not in OURS)
    ours = headers[len(own) :]
    room = LETTER_BYTES - CUT_BYTES - size_of(None, None, ours)
    if key and len(key) > room:
        cut["key"], key = len(key), b"sha256:" + sha256(key).hexdigest().encode()
    room -= len(key or b"")
    if _width(own) > room:
        cut["headers"], own = _width(own), tuple(_first(own, room))
    room -= _width(own)
    if value and len(value) > room:
        cut["value"], value = len(value), value[:room]
    return key, value, (*own, *ours, cut_header(cut))


def _first(headers: Headers, room: int) -> Iterator[tuple[str, bytes]]:
    """The headers that fit, from the first one on."""
    for header in headers:
        room -= _width((header,))
        if room < 0:
            return
        yield header


CUT_BYTES: Final = 100
"""What the header that names the cuts takes at most."""
FRAME_BYTES: Final = 10
"""What a record on the wire takes for a header beside its name and value, at most: how long they are."""
RECORD_BYTES: Final = 40
"""What a record on the wire takes beside its parts, at most."""


def size_of(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """What a record takes on the wire at most, bytes, uncompressed."""
    return RECORD_BYTES + len(key or b"") + len(value or b"") + _width(headers)


def _width(headers: Headers) -> int:
    return sum(FRAME_BYTES + len(name.encode()) + len(text or b"") for name, text in headers)
