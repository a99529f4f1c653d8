"""Once a week: the prior by moments, the curves by counts, the weights by what flagged users really did.

Basis: method of moments for the gamma-Poisson (Fader, Hardie & Lee 2005), pooled hazards (Ayer et al. 1955).
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

from streams.health.days import date_of
from streams.health.index.curve import BINS, Curve
from streams.health.index.snapshot import STRATA, Snapshot
from streams.health.learning.sums import MOMENTS, DaySums, Rhythms

if TYPE_CHECKING:
    from streams.health.learning.lesson import Lesson

ENOUGH_USERS: Final = 200
SHAPES: Final = (0.3, 5.0)
LAPSES: Final = 13.5
EXPECTED: Final = 10.0
"""What a weight starts from: ln(13.5 / 10) = 0.3, visible from day one."""


def refitted(lesson: Lesson, sums: DaySums) -> Snapshot:
    """The snapshot that a lesson and the rhythms of its last day speak for; the old one while users are few."""
    if sums.rhythms.users < ENOUGH_USERS:
        return lesson.snapshot
    shape, rate = prior(sums.rhythms)
    curves = [
        Curve.fit(lesson.exposure[low : low + BINS], lesson.returns[low : low + BINS])
        for low in range(0, STRATA * BINS, BINS)
    ]
    return Snapshot(
        id=date_of(lesson.day).isoformat(),
        week=lesson.day,
        shape=shape,
        rate=rate,
        season=lesson.season,
        curves=(curves[0], curves[1], curves[2]),
        weights=weights(lesson),
    )


def prior(rhythms: Rhythms) -> tuple[float, float]:
    """The shape r and the rate α (days) of the gamma distribution of users' rates, by moments."""
    n, e = rhythms.n / MOMENTS, rhythms.e / MOMENTS
    mean = n / e
    spread = (rhythms.nn - 2 * mean * rhythms.ne + mean * mean * rhythms.ee) / MOMENTS
    variance = (spread - mean * e / 2) / (rhythms.ee / MOMENTS)
    shape = min(max(mean * mean / variance, SHAPES[0]), SHAPES[1]) if variance > 0 else SHAPES[1]
    return shape, shape / mean


def weights(lesson: Lesson) -> tuple[float, float, float]:
    """What each flag adds in logits: lapses of the flagged against those expected of them, 0 to 1."""
    unflagged, *flagged = zip(lesson.lapses, lesson.predicted, strict=True)
    bias = unflagged[0] / unflagged[1] if unflagged[1] > 0 else 1.0
    found = [min(max(log((lapses + LAPSES) / (bias * p + EXPECTED)), 0.0), 1.0) for lapses, p in flagged]
    return found[0], found[1], found[2]
