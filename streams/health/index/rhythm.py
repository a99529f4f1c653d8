"""How unusual a silence is under a user's own rhythm, shrunk to the population's until enough history exists.

Returns come as a Poisson process whose rate is gamma-distributed over users (shape r, rate α in days); given n weighted
returns in E weighted days, a silence of a days has the Lomax probability ((α+E)/(α+E+a))^(r+n). (Schmittlein, Morrison
& Colombo 1987; Fader, Hardie & Lee 2005.)
"""

from math import exp, expm1, log1p
from typing import Final

LONG_DAYS: Final = 120.0
"""τ: how far back the user's rhythm looks, in operational days; the memory of a return falls by e in that time."""

SHORT_DAYS: Final = 28.0
"""How far back the recent rhythm looks, which the trend compares with the long one."""


def returned(count: float, exposure: float, gap: float, memory_days: float) -> tuple[float, float]:
    """Weighted returns and weighted days after one more return, ``gap`` operational days after the last.

    >>> returned(0.0, 0.0, 7.0, LONG_DAYS)[0]
    1.0
    >>> n, e = returned(1.0, 10.0, 7.0, 1e9)
    >>> round(n, 6), round(e, 6)
    (2.0, 17.0)
    """
    kept = exp(-gap / memory_days)
    return kept * count + 1.0, kept * exposure + memory_days * -expm1(-gap / memory_days)


def surprise(weight: float, exposure: float, silent: float) -> float:
    """z, in nats: minus the logarithm of the probability that a silence lasts ``silent`` days or longer.

    ``weight`` is r+n, ``exposure`` is α+E in days.

    >>> surprise(1.0, 14.0, 0.0)
    0.0
    >>> round(surprise(1.0, 14.0, 14.0), 4)
    0.6931
    """
    return weight * log1p(silent / exposure)


def silence(weight: float, exposure: float, nats: float) -> float:
    """The days after which a silence is ``nats`` unusual: the inverse of :func:`surprise`.

    >>> round(silence(2.0, 14.0, surprise(2.0, 14.0, 9.0)), 9)
    9.0
    """
    return exposure * expm1(nats / weight)
