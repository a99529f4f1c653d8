"""RISK and CRITICAL: the index at the daily look is at most a threshold; once a silence, with hysteresis and cool-down.

The threshold is the policy's, or 85 % of the user's own baseline where that is lower; it is constant within a week. A
level that has warned is armed again at an occasion that brings the index well above its threshold, or above 85 % of the
baseline; and it is silent for the cool-down in any case: what holds at its end warns then. A warning speaks for the
lower level too, which so never follows a higher one in the same silence.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from schemas.policy import Warnings
from schemas.warning import Level
from streams.health.index.baseline import Week, started, weeks
from streams.health.index.index import POINT, Silence
from streams.health.index.population import Population
from streams.health.state import State


class Crossing(NamedTuple):
    """The day at whose look a level warns, and the threshold it warns at, in thousandths of a point."""

    day: int
    level: Level
    threshold: int


class LevelRule:
    """Both levels under one policy; in the order of :attr:`levels`, a level's number is its place, from 1."""

    levels = (Level.RISK, Level.CRITICAL)

    def __init__(self, warnings: Warnings) -> None:
        self._limits = (warnings.risk, warnings.critical)
        self._ratio = warnings.baseline_ratio
        self._rearm = warnings.rearm_ratio
        self._cooldown_days = warnings.cooldown_days

    def threshold(self, number: int, baseline: float) -> float:
        """The index at or under which a level warns while the baseline is ``baseline``; both 0 to 100."""
        return min(self._limits[number - 1], self._ratio * baseline)

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which nothing can warn, cheap to know; None while no level is possible (no repeat yet)."""
        if not state.repeats:
            return None
        rounding = 1 / POINT  # an index this little above the threshold may be told, and compared, as equal to it
        silent = silence.earliest(self._limits[0] + rounding)
        return max(state.last + 1, population.day_after(state.last, silent))

    def next(self, state: State, silence: Silence, population: Population) -> Crossing | None:
        """The next warning of this silence if nothing more happens, the highest of its day; None if there is none."""
        if not state.repeats:
            return None
        armed = [number for number in (2, 1) if number > state.spoken and self.armed(state, silence, number)]
        floors = {number: max(state.last + 1, self._cool(state, number)) for number in armed}
        if not armed:
            return None
        # From the horizon on the index stands still, and so does every crossing that has not come by then.
        end = max(population.day_after(state.last, ceil(silence.horizon)), *floors.values())
        span = list(weeks(state, silence, population, end))
        found = (self._crossing(number, floors[number], span, state, silence, population) for number in armed)
        return min((one for one in found if one), key=lambda one: one.day, default=None)

    def armed(self, state: State, silence: Silence, number: int) -> bool:
        """Whether a level may warn again: it was armed before the last occasion, or is since."""
        if state.armed >> (number - 1) & 1:
            return True
        index, baseline = silence.index(0), started(state, silence)
        well_above = 100 - index < self._rearm * (100 - self.threshold(number, baseline))
        return well_above or index > self._ratio * baseline

    def rearmed(self, state: State, silence: Silence) -> int:
        """The levels (bits) that are armed as this silence ends: those that have not warned in it and were."""
        return sum(
            1 << (number - 1) for number in (1, 2) if number > state.spoken and self.armed(state, silence, number)
        )

    def _cool(self, state: State, number: int) -> int:
        warned = state.risk_day if number == 1 else state.critical_day
        return warned + self._cooldown_days if warned >= 0 else 0

    def _crossing(
        self, number: int, floor: int, span: Sequence[Week], state: State, silence: Silence, population: Population
    ) -> Crossing | None:
        for week in span:
            threshold = round(self.threshold(number, week.baseline) * POINT)
            first, final = max(week.first, floor), week.final
            if first > final or silence.thousandths(population.elapsed(state.last, final)) > threshold:
                continue
            while first < final:
                middle = (first + final) // 2
                if silence.thousandths(population.elapsed(state.last, middle)) <= threshold:
                    final = middle
                else:
                    first = middle + 1
            return Crossing(first, self.levels[number - 1], threshold)
        return None


def speak(state: State, crossing: Crossing) -> None:
    """The state knows that this warning was given, for its level and for the lower one."""
    state.spoken = LevelRule.levels.index(crossing.level) + 1
    state.risk_day = crossing.day
    if crossing.level is Level.CRITICAL:
        state.critical_day = crossing.day
