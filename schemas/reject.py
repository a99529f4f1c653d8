"""Why a record was refused, and how a dead letter carries it (topic ``app.events-dlt``, A3).

A dead letter is the refused record as it came (value, key and headers, byte for byte) plus the ``churn-dlt-*`` headers.
A letter that would be too large is cut, and says so in a header.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from schemas.base import Headers

DETAIL_CHARACTERS = 1_000


class RejectReason(StrEnum):
    """Also the values of the ``reason`` label in metrics."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    MISSING_ID = "missing_id"
    MISSING_SOURCE = "missing_source"
    MISSING_TYPE = "missing_type"
    MISSING_TIME = "missing_time"
    MISSING_USER = "missing_user"
    MISSING_FIELD = "missing_field"
    """Another field of a profile or of feedback."""
    WRONG_TYPE = "wrong_type"
    UNREADABLE_TIME = "unreadable_time"
    NAIVE_TIME = "naive_time"
    ABSURD_TIME = "absurd_time"
    TOO_EARLY = "too_early"
    KEY_MISMATCH = "key_mismatch"
    WRONG_PARTITION = "wrong_partition"
    UNPROCESSABLE = "unprocessable"
    """The record can be read, but handling it fails: a fault of ours, see the runbook."""


MISSING = {
    "id": RejectReason.MISSING_ID,
    "source": RejectReason.MISSING_SOURCE,
    "type": RejectReason.MISSING_TYPE,
    "time": RejectReason.MISSING_TIME,
    "user_id": RejectReason.MISSING_USER,
}
"""Why a message without this field is refused; for the other fields it is ``missing_field``."""


class DeadLetterHeader(StrEnum):
    """The headers that a dead letter adds; numbers are decimal text, times are in milliseconds since 1970."""

    REASON = "churn-dlt-reason"
    DETAIL = "churn-dlt-detail"
    TOPIC = "churn-dlt-topic"
    PARTITION = "churn-dlt-partition"
    OFFSET = "churn-dlt-offset"
    TIMESTAMP = "churn-dlt-timestamp"


CUT = "churn-dlt-cut"
"""The header of a letter that was too large: the parts that were cut, with the bytes they had."""
OBEYED = "churn-obeyed"
"""The header of a letter of which something was applied all the same: what it was."""
OURS = frozenset({*DeadLetterHeader, CUT, OBEYED})
"""Names of headers that a letter adds."""


def cut_header(sizes: Mapping[str, int]) -> tuple[str, bytes]:
    """The header that names the parts of a letter that were cut, with the bytes they had.

    >>> cut_header({"value": 5_242_880, "key": 300_000})
    ('churn-dlt-cut', b'value=5242880, key=300000')
    """
    return CUT, ", ".join(f"{part}={size}" for part, size in sizes.items()).encode()


def dead_letter_headers(
    headers: Iterable[tuple[str, bytes]],
    *,
    reason: RejectReason,
    detail: str,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    obeyed: tuple[str, ...] = (),
) -> Headers:
    """The record's own headers in their order, then ours; those of an earlier refusal (a requeued record) are replaced.

    ``detail`` is cut after 1,000 characters. ``timestamp`` is the refused record's own, milliseconds since 1970 UTC.
    ``obeyed`` names the parts that were applied all the same.

    >>> dead_letter_headers([("ce_id", b"7")], reason=RejectReason.NOT_JSON, detail="line 1",
    ...                     topic="app.events", partition=0, offset=12, timestamp=0)[:2]
    (('ce_id', b'7'), ('churn-dlt-reason', b'not_json'))
    """
    ours = {
        DeadLetterHeader.REASON: reason.value,
        DeadLetterHeader.DETAIL: detail[:DETAIL_CHARACTERS],
        DeadLetterHeader.TOPIC: topic,
        DeadLetterHeader.PARTITION: str(partition),
        DeadLetterHeader.OFFSET: str(offset),
        DeadLetterHeader.TIMESTAMP: str(timestamp),
    }
    kept = tuple((name, value) for name, value in headers if name not in OURS)
    texts = [(name.value, text) for name, text in ours.items()] + [(OBEYED, ", ".join(obeyed))][: len(obeyed)]
    return kept + tuple((name, text.encode(errors="backslashreplace")) for name, text in texts)


class Refusal(NamedTuple):
    """Why a record was refused, and where it stood; ``timestamp`` is its own, milliseconds since 1970 UTC.

    ``cut`` names the parts of the letter that were cut, ``obeyed`` the parts of the record that were applied.
    """

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    cut: str = ""
    obeyed: str = ""


def refusal_of(headers: Iterable[tuple[str, bytes]]) -> Refusal | None:
    """What the headers of a dead letter say; None where they are not those of one. An unknown reason may be newer.

    >>> headers = dead_letter_headers((), reason=RejectReason.NOT_JSON, detail="line 1",
    ...                               topic="app.events", partition=0, offset=12, timestamp=0)
    >>> refusal_of(headers).topic, refusal_of(headers).offset, refusal_of(())
    ('app.events', 12, None)
    """
    said = {name: value.decode(errors="backslashreplace") for name, value in headers if value is not None}
    try:
        reason, detail, topic, *numbers = (said[name] for name in DeadLetterHeader)
        partition, offset, timestamp = map(int, numbers)
    except (KeyError, ValueError):
        return None
    return Refusal(reason, detail, topic, partition, offset, timestamp, said.get(CUT, ""), said.get(OBEYED, ""))


def header_text(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """The text of a header; None where there is none.

    >>> header_text([("churn-dlt-cut", b"value=300000")], CUT)
    'value=300000'
    """
    found = next((value for key, value in headers if key == name), None)
    return None if found is None else found.decode(errors="backslashreplace")


REQUEUED = "churn-requeued"
"""The header of a record that was sent again: the dead letter it was, as ``partition:offset``."""


def requeued_headers(headers: Iterable[tuple[str, bytes]], partition: int, offset: int) -> Headers:
    """The record's own headers as they were before it was refused, then which dead letter it was.

    >>> requeued_headers([("ce_id", b"7"), ("churn-dlt-reason", b"not_json")], 3, 17)
    (('ce_id', b'7'), ('churn-requeued', b'3:17'))
    """
    dropped = {*OURS, REQUEUED}
    kept = tuple((name, value) for name, value in headers if name not in dropped)
    return (*kept, (REQUEUED, f"{partition}:{offset}".encode()))
