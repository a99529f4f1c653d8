"""A silence that is improbable under the user's own rhythm: its surprise, and its length, have come to a limit.

By default it speaks for WATCH: it knows nothing of how such silences end, which is what RISK asks.
"""

from schemas.policy import Warnings
from streams.health.index.index import Silence
from streams.health.index.rhythm import silence as lasting
from streams.health.index.rhythm import surprise
from streams.health.learning.population import Population
from streams.health.rules.level import cool, number_of
from streams.health.state import State


class SilenceRule:
    """Improbable silences under one policy."""

    name = "silence"
    bit = 0

    def __init__(self, warnings: Warnings) -> None:
        self._policy = warnings.silence
        self._number = number_of(self._policy.level)
        self.numbers = (self._number,)

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which this rule cannot call; None when it cannot in this silence."""
        if not state.repeats or state.spoken >= self._number:
            return None
        return population.day_after(state.last, self._length(silence))

    def calls(self, state: State, silence: Silence, population: Population, day: int) -> tuple[int, ...]:
        """Its level, once the silence is improbable enough and long enough; then to the silence's end."""
        silent = population.elapsed(state.last, day)
        if silent < self._policy.min_days:
            return ()
        return (self._number,) if surprise(silence.weight, silence.exposure, silent) >= self._policy.nats else ()

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether this rule is not in its cool-down on a day; each silence arms it anew."""
        return day >= cool(number, state, self._policy.cooldown_days)

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which it cannot call; None if it cannot in the rest of this silence."""
        if not state.repeats or state.spoken >= self._number:
            return None
        cooled = cool(self._number, state, self._policy.cooldown_days)
        return max(day + 1, cooled, population.day_after(state.last, self._length(silence)))

    def _length(self, silence: Silence) -> float:
        """The operational days after which a silence is improbable enough, and long enough."""
        return max(self._policy.min_days, lasting(silence.weight, silence.exposure, self._policy.nats))
