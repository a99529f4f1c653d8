"""No key behaviour for a whole horizon, by a user who has shown it before (B1): also while he is active otherwise.

Days are operational. It calls once, and is armed again by the key behaviour, which also ends what it called for.
"""

from schemas.policy import Warnings
from streams.health.index.index import Silence
from streams.health.learning.population import Population
from streams.health.rules.level import cool, number_of
from streams.health.state import State

LAPSE = 0b001
"""Its bit among the alarm rules."""


class LapseRule:
    """A missing key behaviour under one policy."""

    name = "lapse"
    bit = LAPSE

    def __init__(self, warnings: Warnings) -> None:
        self._policy = warnings.lapse
        self._number = number_of(self._policy.level)
        self.numbers = (self._number,)

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which this rule cannot call; None when it cannot as things stand."""
        if not self._able(state):
            return None
        return max(
            state.key_day + silence.outlook.horizon_days,
            state.last,
            cool(self._number, state, self._policy.cooldown_days),
        )

    def calls(self, state: State, silence: Silence, population: Population, day: int) -> tuple[int, ...]:
        """Its level, once the key behaviour has been missing for the horizon."""
        missing = state.repeats and state.key_day >= 0
        return (
            (self._number,)
            if missing and population.elapsed(state.key_day, day) >= silence.outlook.horizon_days
            else ()
        )

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether there was a key behaviour since it called, and it is not in its cool-down on a day."""
        return not state.disarmed & LAPSE and day >= cool(number, state, self._policy.cooldown_days)

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which it cannot call; None if it cannot as things stand."""
        if not self._able(state):
            return None
        cooled = cool(self._number, state, self._policy.cooldown_days)
        return max(day + 1, cooled, population.day_after(state.key_day, silence.outlook.horizon_days))

    def _able(self, state: State) -> bool:
        armed = state.repeats and state.key_day >= 0 and not state.disarmed & LAPSE
        return bool(armed) and state.spoken < self._number
