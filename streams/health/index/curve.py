"""How often silences that unusual ended, as a hazard per nat of surprise; it never rises with surprise.

32 bins of surprise; in each the hazard is returns ÷ exposure, shrunk to a start, then made to fall by pooling adjacent
violators (Ayer et al. 1955). The cumulative hazard Λ is piecewise linear, so that it is read and inverted exactly.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf
from typing import Final, NamedTuple, Self

_LOWEST, _HIGHEST, _GEOMETRIC = 0.02, 40.0, 31
EDGES: Final[tuple[float, ...]] = (
    0.0,
    *(_LOWEST * (_HIGHEST / _LOWEST) ** (i / (_GEOMETRIC - 1)) for i in range(_GEOMETRIC)),
)
"""Lower edges of the 32 bins, in nats; the last bin has no end."""

BINS: Final = len(EDGES)
_WIDTHS: Final = (*(high - low for low, high in pairwise(EDGES)), inf)
_MIDDLES: Final = (*((low + high) / 2 for low, high in pairwise(EDGES)), EDGES[-1])
_PRIOR_HAZARD: Final = tuple(1.0 / (1.0 + middle) for middle in _MIDDLES)
_PRIOR_WEIGHT: Final = tuple(3.0 * min(width, 1.0) for width in _WIDTHS)


class Curve(NamedTuple):
    """One stratum's hazard of return per nat, bin by bin, and Λ at the lower edges."""

    hazard: tuple[float, ...]
    risen: tuple[float, ...]

    @classmethod
    def fit(cls, exposure: Sequence[float], returns: Sequence[float]) -> Self:
        """The falling hazard that the counts of each bin speak for; without counts it is 1/(1+z) at the bins' middles.

        >>> start = Curve.fit((0.0,) * BINS, (0.0,) * BINS)
        >>> round(start.hazard[0], 4), round(start.hazard[-1], 4)
        (0.9901, 0.0244)
        """
        weights = [seen + prior for seen, prior in zip(exposure, _PRIOR_WEIGHT, strict=True)]
        rates = [
            (count + prior * start) / weight
            for count, prior, start, weight in zip(returns, _PRIOR_WEIGHT, _PRIOR_HAZARD, weights, strict=True)
        ]
        hazard = falling(rates, weights)
        steps = (rate * width for rate, width in zip(hazard, _WIDTHS[:-1], strict=False))
        return cls(tuple(hazard), tuple(accumulate(steps, initial=0.0)))

    def cumulative(self, nats: float) -> float:
        """Λ: the hazard passed through by a silence that has become ``nats`` unusual."""
        bin = bisect_right(EDGES, nats) - 1
        return self.risen[bin] + self.hazard[bin] * (nats - EDGES[bin])

    def reached(self, hazard: float) -> float:
        """The surprise at which Λ is ``hazard``: the inverse of :meth:`cumulative`.

        >>> curve = Curve.fit((0.0,) * BINS, (0.0,) * BINS)
        >>> round(curve.reached(curve.cumulative(1.7)), 9)
        1.7
        """
        bin = bisect_right(self.risen, hazard) - 1
        return EDGES[bin] + (hazard - self.risen[bin]) / self.hazard[bin]


def falling(rates: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The closest sequence that never rises, in weighted squares: neighbours that rise are pooled (Ayer et al. 1955).

    >>> falling([3.0, 1.0, 2.0], [1.0, 1.0, 3.0])
    [3.0, 1.75, 1.75]
    """
    pools: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates, weights, strict=True):
        pool = (rate, weight, 1)
        while pools and pools[-1][0] < pool[0]:
            pool = _pooled(pools.pop(), pool)
        pools.append(pool)
    return [rate for rate, _, size in pools for _ in range(size)]


def _pooled(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    weight = one[1] + other[1]
    return (one[0] * one[1] + other[0] * other[1]) / weight, weight, one[2] + other[2]
