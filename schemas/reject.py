"""Why a record was refused, and how a dead letter carries it (topic ``app.events-dlt``, A3).

A dead letter is the refused record as it came (value, key and headers, byte for byte) plus the ``churn-dlt-*`` headers.
"""

from collections.abc import Iterable
from enum import StrEnum

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
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_TIME = "bad_time"
    TOO_EARLY = "too_early"
    KEY_MISMATCH = "key_mismatch"
    WRONG_PARTITION = "wrong_partition"


class DeadLetterHeader(StrEnum):
    """The headers that a dead letter adds; numbers are decimal text, times are in milliseconds since 1970."""

    REASON = "churn-dlt-reason"
    DETAIL = "churn-dlt-detail"
    TOPIC = "churn-dlt-topic"
    PARTITION = "churn-dlt-partition"
    OFFSET = "churn-dlt-offset"
    TIMESTAMP = "churn-dlt-timestamp"


def dead_letter_headers(
    headers: Iterable[tuple[str, bytes]],
    *,
    reason: RejectReason,
    detail: str,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
) -> Headers:
    """The record's own headers in their order, then ours; those of an earlier refusal (a requeued record) are replaced.

    ``detail`` is cut after 1,000 characters. ``timestamp`` is the refused record's own, milliseconds since 1970 UTC.

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
    kept = tuple((name, value) for name, value in headers if name not in ours)
    return kept + tuple((name.value, text.encode(errors="backslashreplace")) for name, text in ours.items())
