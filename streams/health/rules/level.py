"""RISK and CRITICAL: the index at the daily look is at most a threshold; once a silence, with hysteresis and cool-down.

The threshold is the policy's, or 85 % of the user's own baseline where that is lower; it is constant within a week. A
level that has warned is armed again at an occasion that brings the index well above its threshold, or above 85 % of the
baseline; and it is silent for the cool-down in any case: what holds at its end warns then. A warning speaks for the
lower level too, which so never follows a higher one in the same silence.
"""

from typing import Final, NamedTuple

from schemas.policy import Warnings
from schemas.warning import Level
from streams.health.index.baseline import followed, started
from streams.health.index.index import POINT, Silence
from streams.health.learning.population import Population
from streams.health.state import State

_ROUNDING: Final = 1 / POINT
"""An index this little above a limit may be told, and compared, as equal to it."""


class Crossing(NamedTuple):
    """The day at whose look a level warns, and the threshold it warns at, in thousandths of a point."""

    day: int
    level: Level
    threshold: int


class LevelRule:
    """Both levels under one policy; a level's number is its place in :attr:`levels`, from 1."""

    levels = (Level.RISK, Level.CRITICAL)

    def __init__(self, warnings: Warnings) -> None:
        self._limits = (warnings.risk, warnings.critical)
        self._ratio = warnings.baseline_ratio
        self._rearm = warnings.rearm_ratio
        self._cooldown_days = warnings.cooldown_days

    def threshold(self, number: int, baseline: float) -> int:
        """The index at or under which a level warns while the baseline is ``baseline``; in thousandths of a point."""
        return round(min(self._limits[number - 1], self._ratio * baseline) * POINT)

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which nothing can warn, cheap to know; None when nothing can in this silence."""
        if not state.repeats or state.spoken == len(self.levels):
            return None
        return self._above(state.spoken + 1, state, silence, population)

    def at(self, state: State, silence: Silence, population: Population, day: int) -> Crossing | None:
        """The highest level that warns at the look of a day after the last occasion; None if none does."""
        baseline = followed(state, silence, population, day)
        index = silence.thousandths(population.elapsed(state.last, day))
        for number in self._possible(state, silence):
            threshold = self.threshold(number, baseline)
            if index <= threshold and day >= self.cool(number, state):
                return Crossing(day, self.levels[number - 1], threshold)
        return None

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which nothing can warn; None if nothing can in the rest of this silence.

        The baseline never exceeds what is greater now, it or the index, so no threshold exceeds its share of that.
        """
        silent = population.elapsed(state.last, day)
        over = silent >= silence.horizon  # the index stands still now: only the end of a cool-down lets it warn
        most = self._ratio * max(followed(state, silence, population, day), silence.index(silent))
        days: list[int] = []
        for number in self._possible(state, silence):
            cool = self.cool(number, state)
            if over and cool <= day:
                continue
            below = population.day_after(state.last, silence.earliest(min(self._limits[number - 1], most) + _ROUNDING))
            days.append(max(day + 1, cool, below))
        return min(days, default=None)

    def rearmed(self, state: State, silence: Silence) -> int:
        """The levels (bits) that are armed as this silence ends: those that have not warned in it and were."""
        return sum(1 << (number - 1) for number in self._possible(state, silence))

    def _possible(self, state: State, silence: Silence) -> list[int]:
        """The levels that may still warn in this silence, the highest first."""
        if not state.repeats:
            return []
        return [number for number in (2, 1) if number > state.spoken and self.armed(number, state, silence)]

    def armed(self, number: int, state: State, silence: Silence) -> bool:
        """Whether a level was armed before the last occasion, or is since."""
        if state.armed >> (number - 1) & 1:
            return True
        index, baseline = silence.index(0), started(state, silence)
        threshold = self.threshold(number, baseline) / POINT
        return 100 - index < self._rearm * (100 - threshold) or index > self._ratio * baseline

    def cool(self, number: int, state: State) -> int:
        """The first day after a level's cool-down."""
        warned = state.risk_day if number == 1 else state.critical_day
        return warned + self._cooldown_days if warned >= 0 else 0

    def _above(self, number: int, state: State, silence: Silence, population: Population) -> int:
        """A day before which the index is above the policy's own limit, and so above every threshold."""
        silent = silence.earliest(self._limits[number - 1] + _ROUNDING)
        return max(state.last + 1, population.day_after(state.last, silent))


def speak(state: State, crossing: Crossing) -> None:
    """The state knows that this warning was given, for its level and for the lower one."""
    state.spoken = LevelRule.levels.index(crossing.level) + 1
    state.risk_day = crossing.day
    if crossing.level is Level.CRITICAL:
        state.critical_day = crossing.day
