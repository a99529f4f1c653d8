"""What a message is for: it decides when it may be sent (E5, E7-E9)."""

from enum import StrEnum


class MessageClass(StrEnum):
    """Closed; a playbook's key ``class``."""

    PROMOTION = "promotion"
    """It wants the user back."""
    CARE = "care"
    """A person or a service looks after an unhappy user."""
