"""Churn stages (B8): how far gone a user is, on the scale L: the horizon of the user's life stage, at least 30 days.

That least, and how many L each stage takes, are policy, the numbers here its defaults. Days are operational, so that
an outage makes nobody lapse. A return has lasted after L days; who lapses before that has relapsed. Time alone only
deepens a stage; warnings, their ends and returns move the stages of those who are not gone.
"""

from typing import Final

from schemas.policy import StageScale
from schemas.warning import Stage
from streams.health.learning.population import Population
from streams.health.rules.level import RISK
from streams.health.state import State

NUMBERS: Final = {
    Stage.HEALTHY: 0,
    Stage.RETURNED: 1,
    Stage.AT_RISK: 2,
    Stage.LAPSED: 3,
    Stage.RELAPSED: 4,
    Stage.DORMANT: 5,
    Stage.LONG_DORMANT: 6,
}
"""A record keeps the number of its stage, so one once given stays; a stage that is further gone has a greater one."""

STAGES: Final = {number: stage for stage, number in NUMBERS.items()}
GONE: Final = NUMBERS[Stage.LAPSED]
"""From here on a user is gone."""


class Stages:
    """The stages of one product's users; L is a user's own, of the life stage of his running silence."""

    def __init__(self, population: Population, scale: StageScale) -> None:
        self._population = population
        self._shortest_days = scale.shortest_days
        self._steps = (scale.lapsed, scale.dormant, scale.long_dormant)

    def length(self, state: State) -> int:
        """L of a user, days."""
        return max(self._shortest_days, self._population.outlook_of(state).horizon_days)

    def at(self, state: State, day: int) -> Stage:
        """The stage of a user on a day of the running silence."""
        number = self._number(state, self._population.elapsed(state.last, day))
        return STAGES[max(number, state.stage) if state.stage >= GONE else number]

    def returned(self, state: State, day: int) -> None:
        """The state of a user whose silence has ended on a day knows of a return, or that an earlier one has lasted."""
        if state.stage >= GONE:
            state.returned_day, state.stage = day, NUMBERS[Stage.RETURNED]
        elif state.returned_day >= 0 and self._population.elapsed(state.returned_day, day) >= self.length(state):
            state.returned_day = -1

    def earliest(self, state: State) -> int:
        """A day before which time cannot change the stage of a user who was active on the state's last day."""
        return state.last + int(self._steps[0] * self.length(state))

    def next(self, state: State, day: int) -> int | None:
        """A day after ``day`` before which time cannot change the stage; None if it never will in this silence."""
        silent, length = self._population.elapsed(state.last, day), self.length(state)
        for step in self._steps:
            if silent < step * length:
                return max(day + 1, self._population.day_after(state.last, step * length))
        return None

    def _number(self, state: State, silent: float) -> int:
        """The number of the stage after so many operational days of silence.

        >>> stages = Stages(Population(), StageScale())
        >>> [STAGES[stages._number(State(spoken=RISK), days)].value for days in (9, 30, 60, 180)]
        ['at_risk', 'lapsed', 'dormant', 'long_dormant']
        >>> [STAGES[stages._number(State(returned_day=7), days)].value for days in (9, 30, 60)]
        ['returned', 'relapsed', 'dormant']
        """
        length = self.length(state)
        lapsed, dormant, long_dormant = (step * length for step in self._steps)
        returned = state.returned_day >= 0
        if silent >= long_dormant:
            return NUMBERS[Stage.LONG_DORMANT]
        if silent >= dormant:
            return NUMBERS[Stage.DORMANT]
        if silent >= lapsed:
            return NUMBERS[Stage.RELAPSED if returned else Stage.LAPSED]
        if state.spoken >= RISK:
            return NUMBERS[Stage.AT_RISK]
        return NUMBERS[Stage.RETURNED if returned else Stage.HEALTHY]
