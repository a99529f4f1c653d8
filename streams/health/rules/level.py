"""The levels, and the rule that reads them off the index: RISK and CRITICAL at or under a threshold at the daily look.

The threshold is the policy's, or 85 % of the user's own baseline where that is lower (of WATCH, that share alone); it
is constant within a week. A level that has warned is armed again at an occasion that brings the index well above its
threshold, or above that share of the baseline; and it is silent for the cool-down in any case: what holds at its end
warns then. A warning speaks for the lower levels too, which so never follow a higher one in the same episode.
"""

from typing import Final

from schemas.policy import Warnings
from schemas.warning import Level
from streams.health.index.baseline import followed, started
from streams.health.index.index import POINT, Silence
from streams.health.learning.population import Population
from streams.health.state import State

WATCH, RISK, CRITICAL = 1, 2, 3
LEVELS: Final = {WATCH: Level.WATCH, RISK: Level.RISK, CRITICAL: Level.CRITICAL}
"""The levels that warn by number, the lowest first: records keep the number, so one once given stays."""

_NUMBERS: Final = {level: number for number, level in LEVELS.items()}
ROUNDING: Final = 1 / POINT
"""An index this little above a limit may be told, and compared, as equal to it."""


def number_of(level: Level) -> int:
    """The number of a level that warns.

    >>> number_of(Level.WATCH), number_of(Level.CRITICAL)
    (1, 3)
    """
    return _NUMBERS[level]


def cool(number: int, state: State, cooldown_days: int) -> int:
    """The first day after a cool-down that began with the last warning of a level or of a higher one."""
    warned = (state.watch_day, state.risk_day, state.critical_day)[number - 1]
    return warned + cooldown_days if warned >= 0 else 0


class LevelRule:
    """RISK and CRITICAL under one policy, and what all levels have in common: thresholds and hysteresis."""

    name = "level"
    bit = 0
    numbers = (RISK, CRITICAL)

    def __init__(self, warnings: Warnings) -> None:
        self._limits = (100.0, warnings.risk, warnings.critical)
        self._ratios = (warnings.decline.ratio, warnings.baseline_ratio, warnings.baseline_ratio)
        self._rearm = warnings.rearm_ratio
        self._cooldown_days = warnings.cooldown_days

    def threshold(self, number: int, baseline: float) -> int:
        """The index at or under which a level warns while the baseline is ``baseline``; in thousandths of a point."""
        return round(min(self._limits[number - 1], self._ratios[number - 1] * baseline) * POINT)

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which this rule cannot call, cheap to know; None when it cannot in this silence."""
        number = max(state.spoken + 1, RISK)
        if not state.repeats or number > CRITICAL:
            return None
        silent = silence.earliest(self._limits[number - 1] + ROUNDING)
        return max(state.last + 1, population.day_after(state.last, silent))

    def calls(self, state: State, silence: Silence, population: Population, day: int) -> tuple[int, ...]:
        """The levels whose threshold the index has come to on a day after the last occasion, the lowest first."""
        baseline = followed(state, silence, population, day)
        index = silence.thousandths(population.elapsed(state.last, day))
        return tuple(number for number in (RISK, CRITICAL) if index <= self.threshold(number, baseline))

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether a level is armed, and not in its cool-down on a day."""
        return day >= self.cool(number, state) and self.armed(number, state, silence)

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which nothing can warn; None if nothing can in the rest of this silence.

        The baseline never exceeds what is greater now, it or the index, so no threshold exceeds its share of that.
        """
        silent = population.elapsed(state.last, day)
        over = silent >= silence.horizon  # the index stands still now: only the end of a cool-down lets it warn
        most = self._ratios[RISK - 1] * max(followed(state, silence, population, day), silence.index(silent))
        days: list[int] = []
        for number in (CRITICAL, RISK):
            cooled = self.cool(number, state)
            if number <= state.spoken or not self.armed(number, state, silence) or (over and cooled <= day):
                continue
            below = population.day_after(state.last, silence.earliest(min(self._limits[number - 1], most) + ROUNDING))
            days.append(max(day + 1, cooled, below))
        return min(days, default=None)

    def rearmed(self, state: State, silence: Silence) -> int:
        """The levels (bits) that are armed as this silence ends: those that have not warned in it and were."""
        numbers = (number for number in (WATCH, RISK, CRITICAL) if number > state.spoken)
        return sum(1 << (number - 1) for number in numbers if self.armed(number, state, silence))

    def armed(self, number: int, state: State, silence: Silence) -> bool:
        """Whether a level was armed before the last occasion, or is since."""
        if state.armed >> (number - 1) & 1:
            return True
        index, baseline = silence.start, started(state, silence)
        threshold = self.threshold(number, baseline) / POINT
        return 100 - index < self._rearm * (100 - threshold) or index > self._ratios[number - 1] * baseline

    def cool(self, number: int, state: State) -> int:
        """The first day after a level's cool-down."""
        return cool(number, state, self._cooldown_days)
