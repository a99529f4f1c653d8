"""What became of an accepted event."""

from enum import StrEnum


class Outcome(StrEnum):
    """Also metric label values."""

    APPLIED = "applied"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_CHANNEL = "unknown_channel"
    """Consent for a channel that nobody has here, or for none that is named."""
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"
    LATE_DAY = "late_day"
