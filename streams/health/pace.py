"""A product's progress in a partition: what of it the memo keeps, and what operators see of it."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from streams.health.feed import Feed


class Pace(msgspec.Struct, frozen=True, array_like=True):
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
