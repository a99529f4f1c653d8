"""All that a product's users have taught up to a day: a pure function of the day before and of that day's sums."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.health.index.curve import BINS
from streams.health.index.snapshot import START, STRATA, Snapshot
from streams.health.learning.refit import refitted
from streams.health.learning.sums import CELLS, GROUPS, MOMENTS, NATS, DaySums, merged

MEMORY: Final = 0.5 ** (1 / 365)
"""What was seen counts for half after a year."""

SMOOTHING_DAYS: Final = 56
SEASON_DAYS: Final = 7
SETTLED_DAYS: Final = 28
"""Days of stream before the season's speed is believed."""

SLOWEST: Final = 0.1
PSEUDO: Final = 5
"""Users added to active and to expected, so that a few users are no season."""

ENOUGH_RETURNS: Final = 100
"""Returns a stratum needs before its curve is warm."""

SAMPLE: Final = 20_000
"""Users a partition samples at most; the share of users is halved until it does."""

ALL_HASHES: Final = 1 << 32


class Lesson(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """S(D). ``first`` is the stream's first day; sums of nats, returns and predictions are halved by every year."""

    day: int = -1
    first: int = -1
    exposure: tuple[float, ...] = (0.0,) * CELLS
    returns: tuple[float, ...] = (0.0,) * CELLS
    seen: tuple[int, ...] = (0,) * STRATA
    """Returns ever, by stratum."""
    lapses: tuple[float, ...] = (0.0,) * GROUPS
    predicted: tuple[float, ...] = (0.0,) * GROUPS
    recent: tuple[tuple[int, int], ...] = ()
    """Active and expected users of the last seven days with users."""
    usual: float = -1.0
    """q̄: the usual ratio of active to expected users, -1 before the first."""
    season: float = 1.0
    """c̄: the usual speed of operational time."""
    speed: float = 1.0
    """c: the speed of operational time as of this day."""
    threshold: int = ALL_HASHES
    """Users are sampled whose hash is smaller."""
    warming_up: bool = True
    snapshot: Snapshot = START

    def taught(self, day: int, parts: Sequence[DaySums], horizon_days: int) -> "Lesson":
        """S(day), from this lesson of the day before and every partition's sums."""
        sums = merged(parts)
        seen = tuple(before + _returned(sums, stratum) for stratum, before in enumerate(self.seen))
        recent = (*self.recent, (sums.active, sums.expected))[-SEASON_DAYS:] if sums.expected else self.recent
        first = day if self.first < 0 else self.first
        usual, speed = self._season(recent, day - first)
        lesson = Lesson(
            day=day,
            first=first,
            exposure=_faded(self.exposure, sums.exposure, NATS),
            returns=_faded(self.returns, sums.returns, 1),
            seen=seen,
            lapses=_faded(self.lapses, sums.lapses, 1),
            predicted=_faded(self.predicted, sums.predicted, MOMENTS),
            recent=recent,
            usual=usual,
            season=self.season + (speed - self.season) / SMOOTHING_DAYS,
            speed=speed,
            threshold=self.threshold // 2 if any(part.sampled > SAMPLE for part in parts) else self.threshold,
            warming_up=day + 1 - first < 2 * horizon_days or min(seen) < ENOUGH_RETURNS,
            snapshot=self.snapshot,
        )
        return msgspec.structs.replace(lesson, snapshot=refitted(lesson, sums)) if _sunday(day) else lesson

    def _season(self, recent: Sequence[tuple[int, int]], days: int) -> tuple[float, float]:
        """q̄ and c: recent activity against what was expected, in proportion to what is usual.

        What is usual begins at the last day that is not believed: a ratio to what curves without any learning expected
        says how wrong they were, not how usual the season is, and would slow time for months.
        """
        active, expected = (sum(counts) for counts in zip(*recent, strict=True)) if recent else (0, 0)
        ratio = (PSEUDO + active) / (PSEUDO + expected / NATS)
        if days < SETTLED_DAYS:
            return ratio, 1.0
        usual = self.usual + (ratio - self.usual) / SMOOTHING_DAYS
        return usual, min(max(ratio / max(usual, 0.05), SLOWEST), 1.0)


def _returned(sums: DaySums, stratum: int) -> int:
    return sum(sums.returns[stratum * BINS : (stratum + 1) * BINS])


def _faded(before: Sequence[float], added: Sequence[int], units: float) -> tuple[float, ...]:
    return tuple(old * MEMORY + new / units for old, new in zip(before, added, strict=True))


def _sunday(day: int) -> bool:
    return (day + 3) % 7 == 6
