"""The work every contestant does: an event validated, a ring of 28 daily counts moved on, one warning rule.

An event is validated as the product does it (``streams.intake``). A user whose count of a day reaches ten is warned of,
once a (user, day), whatever the order of events within 28 days. What a user leaves is a packed record of 60 bytes.
"""

from struct import Struct
from typing import Any, Final, NamedTuple

from schemas.policy import Policy
from streams.intake import Event, Intake

DAYS: Final = 28
WARN_AT: Final = 10
DAY_SECONDS: Final = 86_400

_RING: Final = Struct(f"<I{DAYS}H")
_EMPTY: Final = [0] * (DAYS + 1)

Ring = list[int]
"""The newest day, then the count of each day at 1 + day % 28."""


class Given(NamedTuple):
    """A record as intake wants it, for contestants whose own has other names."""

    key: bytes
    value: bytes
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()
    offset: int = 0


class Job:
    """Validates and counts; a contestant keeps the rings."""

    def __init__(self) -> None:
        self._read = Intake(Policy(name="bench", events={})).read

    def event(self, record: Any) -> Event:
        """The event of a record; the input has no bad ones, so anything else is the bench's fault."""
        event = self._read(record)
        assert isinstance(event, Event), event
        return event

    def count(self, ring: Ring, event: Event) -> bytes | None:
        """Count an event in its user's ring; returns the warning that it causes, if it causes one."""
        day = int(event.time.timestamp()) // DAY_SECONDS
        newest = ring[0]
        if day > newest:
            for passed in range(max(newest, day - DAYS) + 1, day + 1):
                ring[1 + passed % DAYS] = 0
            ring[0] = day
        elif day <= newest - DAYS:
            return None
        slot = 1 + day % DAYS
        ring[slot] += 1
        return b"%s %d" % (event.user_id.encode(), day) if ring[slot] == WARN_AT else None


def unpack(packed: bytes | None) -> Ring:
    """The ring in a record; an empty one for a new user.

    >>> unpack(None) == [0] * 29
    True
    """
    return list(_RING.unpack(packed)) if packed is not None else _EMPTY.copy()


def pack(ring: Ring) -> bytes:
    """The record of a ring, 60 bytes.

    >>> unpack(pack([20_000, *range(28)]))[:4]
    [20000, 0, 1, 2]
    """
    return _RING.pack(*ring)


def days(packed: bytes) -> dict[int, int]:
    """The counts in a record by day, without the days that have none."""
    newest, *counts = _RING.unpack(packed)
    return {day: counts[day % DAYS] for day in range(newest - DAYS + 1, newest + 1) if counts[day % DAYS]}
