"""A complaint was opened, or a low score given: it calls at that very event, also in a silence.

What it called for stands while a complaint is open; after a low score, until the user comes on a later day.
"""

from schemas.policy import Warnings
from streams.health.index.index import Silence
from streams.health.rules.level import cool, number_of
from streams.health.state import State

SHOCK = 0b010
"""Its bit among the alarm rules."""


class ShockRule:
    """Bad experiences under one policy."""

    name = "shock"
    bit = SHOCK

    def __init__(self, warnings: Warnings) -> None:
        self._policy = warnings.shock
        self.number = number_of(self._policy.level)
        self.numbers = (self.number,)

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether this rule is not in its cool-down on a day; every bad experience arms it anew."""
        return day >= cool(number, state, self._policy.cooldown_days)
