"""One silence, and the health index as it lasts: 100 minus the percentage of such silences that reach the horizon,
minus points for shrinking use, shallow use and bad experiences.

Basis: REACH is a survival probability under piecewise-exponential hazards on the scale of surprise.
"""

from math import exp, floor, log
from typing import Final

from schemas.warning import Component
from streams.health.index.components import FLAGS, flags
from streams.health.index.outlook import Outlook
from streams.health.index.rhythm import silence, surprise
from streams.health.index.snapshot import Snapshot
from streams.health.state import State

LEAST: Final = 1e-4
"""REACH is clipped to LEAST and 1 - LEAST: nothing is certain."""

POINT: Final = 1000
"""The index is told and compared in thousandths of a point."""


class Silence:
    """The silence after a user's last occasion: all that its index is read with is fixed, only its length is not.

    ``silent`` below is its length in operational days, 0 on the day of the last occasion.
    """

    __slots__ = (
        "_curve",
        "_risen",
        "exposure",
        "flags",
        "horizon",
        "outlook",
        "penalty",
        "snapshot",
        "weight",
        "weights",
    )

    def __init__(self, state: State, snapshot: Snapshot, outlook: Outlook) -> None:
        self.snapshot, self.outlook = snapshot, outlook
        self.horizon = outlook.horizon_days * snapshot.season
        self.weight = snapshot.shape + state.count
        self.exposure = snapshot.rate + state.exposure
        self.flags = flags(state, snapshot)
        self.weights = outlook.weighed(snapshot.weights)
        (trend, depth, experience), (w_trend, w_depth, w_experience) = self.flags, self.weights
        self.penalty = trend * w_trend + depth * w_depth + experience * w_experience
        self._curve = snapshot.curve(state.repeats)
        self._risen = self._curve.cumulative(surprise(self.weight, self.exposure, self.horizon))

    @property
    def usual_gap(self) -> float:
        """The user's mean gap between occasions, shrunk to the population's, operational days."""
        return self.exposure / self.weight

    def reach(self, silent: float) -> float:
        """The probability that this silence, having lasted so long, reaches the horizon; clipped."""
        z = surprise(self.weight, self.exposure, silent)
        return _clipped(self._curve.cumulative(z) - self._risen)

    @property
    def start(self) -> float:
        """Health on the day of the last occasion, 0 to 100."""
        return self._index(_clipped(-self._risen))

    def index(self, silent: float) -> float:
        """Health, 0 to 100; a longer silence never raises it."""
        return self._index(self.reach(silent))

    def thousandths(self, silent: float) -> int:
        """Health in thousandths of a point, 0 to 100000: what is told, and what thresholds are compared with."""
        return round(self.index(silent) * POINT)

    def earliest(self, index: float) -> float:
        """A length (days) before which the index cannot be at ``index`` (0 to 100) or under it; the horizon at most."""
        if index >= 100:
            return 0.0
        reach = 1 / (1 + index / (100 - index) * exp(self.penalty))  # at which the index is that low
        risen = self._risen + log(reach)
        if reach <= LEAST or risen <= 0:
            return 0.0
        return min(silence(self.weight, self.exposure, self._curve.reached(risen)), self.horizon)

    def parts(self, silent: float) -> dict[Component, int]:
        """What takes how many thousandths of a point; they sum to 100000 minus the index exactly.

        Habitual frequency is what the index lacked when the silence began; the silence is what its length took;
        the flags share the rest by weight. Remainders go to the largest fractions, and to the first of equals.
        """
        habit, reach = self.reach(0), self.reach(silent)
        index = self._index(reach)
        rest = 1 - index / 100 - reach
        exact = {Component.FREQUENCY: habit, Component.SILENCE: reach - habit}
        for component, flag, weight in zip(FLAGS, self.flags, self.weights, strict=True):
            exact[component] = rest * weight / self.penalty if flag and self.penalty else 0.0
        shares = {component: max(part, 0.0) * 100 * POINT for component, part in exact.items()}
        return apportioned(shares, 100 * POINT - round(index * POINT))

    def _index(self, reach: float) -> float:
        return 100 / (1 + reach / (1 - reach) * exp(self.penalty))


def _clipped(hazard: float) -> float:
    """REACH, where the hazard up to the horizon is minus ``hazard``."""
    return min(max(exp(hazard), LEAST), 1 - LEAST)


def upcoming(state: State, snapshot: Snapshot, horizon_days: int, silent: float) -> float:
    """p_next: the probability of no activity in the next horizon, having been silent so long.

    It serves ordering and learning, and is read with the serving ``snapshot``, not with the silence's own.
    """
    days = horizon_days * snapshot.season
    weight, exposure = snapshot.shape + state.count, snapshot.rate + state.exposure
    risen = snapshot.curve(state.repeats).cumulative
    return exp(risen(surprise(weight, exposure, silent)) - risen(surprise(weight, exposure, silent + days)))


def apportioned(shares: dict[Component, float], total: int) -> dict[Component, int]:
    """Whole numbers close to the shares that sum to ``total``: largest remainder, the first of equals first.

    >>> apportioned({Component.FREQUENCY: 1.5, Component.SILENCE: 2.2, Component.TREND: 0.3}, 4)[Component.FREQUENCY]
    2
    """
    whole = {component: floor(share) for component, share in shares.items()}
    by_remainder = sorted(shares, key=lambda component: whole[component] - shares[component])
    for component in by_remainder[: total - sum(whole.values())]:
        whole[component] += 1
    return whole
