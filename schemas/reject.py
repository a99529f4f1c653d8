"""Why an event was refused (topic ``app.events-dlt``, A3): closed reasons, original bytes kept as they came."""

from enum import StrEnum


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
