"""How learning stands in the book: records next to those of users, and told from them by their keys' last two bytes."""

from typing import Final

import msgspec

from streams.codec import Codec
from streams.health.index.snapshot import Snapshot
from streams.health.learning.clock import Clock
from streams.health.learning.heard import Mark
from streams.health.learning.lesson import ALL_HASHES, Lesson
from streams.health.learning.sums import DaySums

_PREFIX: Final = b"\0learning\0"
_ENDING: Final = b"\xff\xff"
"""In a user's key the last two bytes are the length of a product's name, which is far under 65,535."""

COURSE: Final = "course"
OPEN: Final = "open"
MARKS: Final = "marks"
WEEK: Final = "week/"
SUMS: Final = "sums/"


class Serving(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The adopted lesson: its day, what it says of time and sample, and the week whose snapshot serves."""

    day: int = -1
    speed: float = 1.0
    threshold: int = ALL_HASHES
    warming_up: bool = True
    week: int = 0


class Course(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What changes once a day: time, the newest lesson, the adopted one, the oldest day of ours still published."""

    clock: Clock = msgspec.field(default_factory=Clock)
    lesson: Lesson = msgspec.field(default_factory=Lesson)
    serving: Serving = msgspec.field(default_factory=Serving)
    published: int = -1
    still: bool = False
    """Whether the feed stands still all of today: nobody is expected then."""


COURSES: Final = Codec("learning-course", Course)
OPENS: Final = Codec("learning-open", dict[int, DaySums])
MARKED: Final = Codec("learning-marks", dict[int, Mark])
WEEKS: Final = Codec("learning-week", Snapshot)
DAYS: Final = Codec("learning-sums", DaySums)


def week_kind(week: int) -> str:
    """The kind of the record that has a week's snapshot."""
    return f"{WEEK}{week}"


def sums_kind(day: int, number: int) -> str:
    """The kind of the record that has a partition's sums of a day."""
    return f"{SUMS}{day}/{number}"


def day_and_number(kind: str) -> tuple[int, int]:
    """Of which day and partition the sums of a kind are.

    >>> day_and_number(sums_kind(20_453, 3))
    (20453, 3)
    """
    day, number = kind.removeprefix(SUMS).split("/")
    return int(day), int(number)


def reserved(key: bytes) -> bool:
    """Whether a key is one of ours, not a user's.

    >>> from streams.health.state import key_of
    >>> reserved(key_for("shop", COURSE)), reserved(key_of("u1", "shop"))
    (True, False)
    """
    return key.endswith(_ENDING)


def key_for(product: str, kind: str) -> bytes:
    """The key of a record of a kind about a product."""
    return _PREFIX + product.encode() + b"\0" + kind.encode() + _ENDING


def product_and_kind(key: bytes) -> tuple[str, str]:
    """What a reserved key is about.

    >>> product_and_kind(key_for("shop", "week/20453"))
    ('shop', 'week/20453')
    """
    product, _, kind = key[len(_PREFIX) : -len(_ENDING)].rpartition(b"\0")
    return product.decode(), kind.decode()
