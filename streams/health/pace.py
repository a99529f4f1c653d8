"""A product's progress in a partition: what of it the memo keeps, and what operators see of it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from streams.health.feed import Feed

DIP_SPEED: Final = 0.75
"""Under this speed so few users are active that operators are told of a mass dip."""


class Season(StrEnum):
    """How a product's time runs: as usual, slower in a mass dip, or held, so that silence is inhibited."""

    USUAL = "usual"
    SLOWED = "slowed"
    HELD = "held"


class Pace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How far a product has come in a partition, and how steadily, between transactions."""

    newest: int = 0
    gaps: float = Feed().gaps
    squares: float = Feed().squares


class Pulse(NamedTuple):
    """How far a product has come, the gap (seconds) after which its feed stands still, and its time's speed."""

    watermark: datetime
    still_after: float
    speed: float
    warming_up: bool

    @property
    def season(self) -> Season:
        """What the speed means.

        >>> [Pulse(datetime.min, 0.0, speed, False).season.value for speed in (0.0, 0.5, 0.75)]
        ['held', 'slowed', 'usual']
        """
        if not self.speed:
            return Season.HELD
        return Season.SLOWED if self.speed < DIP_SPEED else Season.USUAL
