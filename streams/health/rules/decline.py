"""WATCH: the index is down against the user's own baseline at several consecutive checks of one silence.

A check is made once a period of a silence (the policy's, else horizon / 28, at least a day), counted from its last
occasion, at the daily look; a return begins anew. The guides' "down 15 % three periods running", on the index instead
of on raw counts.
"""

from schemas.policy import Warnings
from streams.health.index.baseline import followed, started
from streams.health.index.index import Silence
from streams.health.learning.population import Population
from streams.health.rules.level import ROUNDING, WATCH, LevelRule, cool
from streams.health.state import State

PERIODS = 28
"""Checks in a horizon, where the policy does not say how many days lie between two."""


class DeclineRule:
    """An index that stays down, under one policy."""

    name = "decline"
    bit = 0
    numbers = (WATCH,)

    def __init__(self, warnings: Warnings, levels: LevelRule) -> None:
        self._policy = warnings.decline
        self._levels = levels

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which this rule cannot call; None when it cannot in this silence."""
        if not state.repeats or state.spoken >= WATCH:
            return None
        first = self._low_from(state, silence, population, max(started(state, silence), silence.start))
        period = self._period(silence)
        return max(state.last + period, first) + period * (self._policy.checks - 1)

    def calls(self, state: State, silence: Silence, population: Population, day: int) -> tuple[int, ...]:
        """WATCH, while the last checks up to a day were all low."""
        return (WATCH,) if self._run(state, silence, population, day) == self._policy.checks else ()

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether WATCH is armed, and this rule not in its cool-down on a day."""
        return day >= cool(number, state, self._policy.cooldown_days) and self._levels.armed(number, state, silence)

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which it cannot call; None if it cannot in the rest of this silence.

        The checks that are missing come one a period, and none is low before the index is under the share of the
        greatest baseline still possible.
        """
        if not state.repeats or state.spoken >= WATCH or not self._levels.armed(WATCH, state, silence):
            return None
        cooled = cool(WATCH, state, self._policy.cooldown_days)
        missing = self._policy.checks - self._run(state, silence, population, day)
        if not missing:
            return max(day + 1, cooled)
        period = self._period(silence)
        checked = day - (day - state.last) % period
        if missing == self._policy.checks and population.elapsed(state.last, checked) >= silence.horizon:
            return None  # since that check the index stands still, and the baseline only comes down to it
        silent = population.elapsed(state.last, day)
        baseline = max(followed(state, silence, population, day), silence.index(silent))
        low = self._low_from(state, silence, population, baseline)
        return max(day + 1, cooled, checked + missing * period, low + (missing - 1) * period)

    def _period(self, silence: Silence) -> int:
        """Days between two checks of a silence: unless the policy says, they come as often in every horizon."""
        return self._policy.period_days or max(1, round(silence.outlook.horizon_days / PERIODS))

    def _low_from(self, state: State, silence: Silence, population: Population, baseline: float) -> int:
        """A day before which no check is low, while the baseline is at most ``baseline``."""
        return population.day_after(state.last, silence.earliest(self._policy.ratio * baseline + ROUNDING))

    def _run(self, state: State, silence: Silence, population: Population, day: int) -> int:
        """How many of the last checks up to a day were low in a row, as many as are asked for at most."""
        period = self._period(silence)
        made = (day - state.last) // period
        for run in range(min(self._policy.checks, made)):
            if not self._low(state, silence, population, state.last + (made - run) * period):
                return run
        return min(self._policy.checks, made)

    def _low(self, state: State, silence: Silence, population: Population, day: int) -> bool:
        threshold = self._levels.threshold(WATCH, followed(state, silence, population, day))
        return silence.thousandths(population.elapsed(state.last, day)) <= threshold
