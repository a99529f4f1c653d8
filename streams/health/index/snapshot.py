"""What an index is read with: one week's state of learning."""

from typing import Final, NamedTuple

from streams.health.index.curve import BINS, Curve

OFTEN: Final = (2, 8)
"""Repeats from which a user belongs to the second and to the third stratum."""

STRATA: Final = len(OFTEN) + 1


class Snapshot(NamedTuple):
    """One state of learning. A silence keeps the snapshot of the week it began in, so only its length moves it.

    ``week`` is the day it was made at the end of; ``shape`` and ``rate`` (days) are the gamma prior r and α of users'
    rhythms; ``season`` is c̄, the usual speed of operational time; ``curves`` one a stratum; ``weights`` of use trend,
    depth of use and bad experience, in logits.
    """

    id: str
    week: int
    shape: float
    rate: float
    season: float
    curves: tuple[Curve, Curve, Curve]
    weights: tuple[float, float, float]

    def curve(self, repeats: int) -> Curve:
        """The curve of the stratum that a user with so many repeats belongs to."""
        return self.curves[stratum(repeats)]


def stratum(repeats: int) -> int:
    """The stratum of a user with so many repeats.

    >>> [stratum(x) for x in (0, 1, 2, 7, 8)]
    [0, 0, 1, 1, 2]
    """
    return (repeats >= OFTEN[0]) + (repeats >= OFTEN[1])


_UNTAUGHT: Final = Curve.fit((0.0,) * BINS, (0.0,) * BINS)

START: Final = Snapshot("start", 0, 1.0, 14.0, 1.0, (_UNTAUGHT,) * 3, (0.3, 0.3, 0.3))
"""What holds before anything was learned: one return in 14 days, hazard 1/(1+z), visible weights."""
