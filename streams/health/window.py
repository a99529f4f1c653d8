"""The last 28 days of one user, of fixed size, for evidence and display (B2).

How often and how much: a ring of counts of events a day. Key behaviour and bad experiences: a bit a day, the lowest for
the newest day that has one.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

DAYS: Final = 28
_COUNT: Final = Struct("<H")
_COUNTS: Final = Struct(f"<{DAYS}H")
MOST: Final = 0xFFFF
_ALL: Final = (1 << DAYS) - 1
"""A day's count stops here."""

RING_BYTES: Final = _COUNTS.size
EMPTY: Final = bytes(RING_BYTES)


def rolled(ring: bytes, day: int, events: int, until: int) -> bytes:
    """The ring with the events of ``day`` written, moved on to a later day ``until``, whose own count is still 0.

    >>> ring = rolled(EMPTY, 100, 3, 102)
    >>> list(counts(ring, 102, 0))[:4]
    [0, 0, 3, 0]
    """
    if until - day >= DAYS:
        return EMPTY
    days = bytearray(ring)
    _COUNT.pack_into(days, day % DAYS * 2, min(events, MOST))
    for passed in range(day + 1, until + 1):
        _COUNT.pack_into(days, passed % DAYS * 2, 0)
    return bytes(days)


def counts(ring: bytes, day: int, events: int) -> Iterator[int]:
    """Events a day, from ``day`` (the ring's newest, with ``events`` of its own) back over 28 days."""
    days = _COUNTS.unpack(ring)
    yield events
    for passed in range(day - 1, day - DAYS, -1):
        yield days[passed % DAYS]


def looked(ring: bytes, day: int, events: int, until: int) -> tuple[int, int, int]:
    """Active days of the last 7, of the last 28, and events of the last 28, as seen on ``until``, which counts as one.

    >>> looked(rolled(EMPTY, 100, 3, 103), 103, 2, 103), looked(rolled(EMPTY, 100, 3, 103), 103, 2, 108)
    ((2, 2, 5), (1, 2, 5))
    """
    silent = until - day
    month = list(counts(ring, day, events))[: max(DAYS - silent, 0)]
    week = month[: max(7 - silent, 0)]
    return sum(map(bool, week)), sum(map(bool, month)), sum(month)


def marked(bits: int, newest: int, day: int) -> tuple[int, int]:
    """The bits with a day marked, and the newest day marked so far (before: ``newest``, -1 for none); in any order.

    >>> marked(0b1, 100, 103), marked(0b1001, 103, 101), marked(0b1, 100, 200), marked(0b1, 100, 20)
    ((9, 103), (13, 103), (1, 200), (1, 100))
    """
    if newest < 0 or day - newest >= DAYS:
        return 1, day
    if day > newest:
        return (bits << (day - newest) | 1) & _ALL, day
    return (bits | 1 << (newest - day) if newest - day < DAYS else bits), newest


def marks(bits: int, newest: int, until: int) -> int:
    """How many of the last 28 days are marked, as seen on ``until``, which counts as one.

    >>> marks(0b1001, 103, 103), marks(0b1001, 103, 128), marks(0b1001, 103, 131), marks(0, -1, 103)
    (2, 1, 0, 0)
    """
    return (bits << min(max(until - newest, 0), DAYS) & _ALL).bit_count()
