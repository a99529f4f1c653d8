"""Every key on the server, once. Keys of one concern share a hash tag, so a command never spans two cluster slots."""

from datetime import date, datetime, timedelta

from agents.board.bucket import EPOCH
from schemas.channel import Channel

BREAKERS = "churn:{view}:breakers"
FRESH = "churn:{view}:fresh"


def rate(channel: Channel) -> str:
    """A channel's bucket: microseconds since the epoch from which it counts."""
    return f"churn:{{rate}}:{channel}"


def contact(user_id: str) -> str:
    """When the company last contacted a user: milliseconds since the epoch. Other senders write it, too."""
    return f"churn:{{contact}}:{user_id}"


def decision(user_id: str) -> str:
    """The last decision about a user, JSON."""
    return f"churn:{{view}}:decision:{user_id}"


def outbound(user_id: str) -> str:
    """The last message to a user, JSON; it names the recall."""
    return f"churn:{{view}}:outbound:{user_id}"


def funnel(day: date) -> str:
    """The counters of one UTC day, a hash."""
    return f"churn:{{view}}:funnel:{day.isoformat()}"


def contact_value(at: datetime) -> int:
    """What stands under a contact key.

    >>> from datetime import UTC
    >>> contact_value(datetime(2026, 1, 2, tzinfo=UTC))
    1767312000000
    """
    return (at - EPOCH) // timedelta(milliseconds=1)


def contact_time(value: bytes) -> datetime | None:
    """When a contact value says the contact was; None for what is no time.

    >>> contact_time(b"1767312000000").isoformat(), contact_time(b"yesterday")
    ('2026-01-02T00:00:00+00:00', None)
    """
    try:
        return EPOCH + timedelta(milliseconds=int(value))
    except (ValueError, OverflowError):
        return None
