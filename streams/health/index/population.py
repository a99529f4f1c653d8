"""What a product's users have taught so far: the snapshot that an index is read with, and the product's clock."""

from typing import Final, NamedTuple

from streams.health.index.curve import BINS, Curve

OFTEN: Final = (2, 8)
"""Repeats from which a user belongs to the second and to the third stratum."""


class Snapshot(NamedTuple):
    """One state of learning. A silence keeps the snapshot of the week it began in, so only its length moves it.

    ``shape`` and ``rate`` (days) are the gamma prior r and α of users' rhythms; ``season`` is c̄, the usual speed of
    operational time; ``curves`` one a stratum; ``weights`` of use trend, depth of use and bad experience, in logits.
    """

    id: str
    week: int
    shape: float
    rate: float
    season: float
    curves: tuple[Curve, Curve, Curve]
    weights: tuple[float, float, float]
    warming_up: bool

    def curve(self, repeats: int) -> Curve:
        """The curve of the stratum that a user with so many repeats belongs to."""
        return self.curves[(repeats >= OFTEN[0]) + (repeats >= OFTEN[1])]


_UNTAUGHT: Final = Curve.fit((0.0,) * BINS, (0.0,) * BINS)

START: Final = Snapshot("start", 0, 1.0, 14.0, 1.0, (_UNTAUGHT,) * 3, (0.3, 0.3, 0.3), True)
"""What holds before anything was learned: one return in 14 days, hazard 1/(1+z), visible weights."""


class Population:
    """One product's users as a whole; so far it has learned nothing and its time runs like the calendar's."""

    serving: Snapshot = START

    def kept(self, week: int) -> Snapshot:
        """The snapshot of a week in which a silence began."""
        return START

    def elapsed(self, since: int, until: int) -> float:
        """Θ(until) - Θ(since): operational days between the beginnings of two calendar days."""
        return float(until - since)

    def day_after(self, since: int, days: float) -> int:
        """The last calendar day on which at most ``days`` have elapsed, if time runs at full speed from now on."""
        return since + int(days)
