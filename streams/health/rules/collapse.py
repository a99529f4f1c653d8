"""An active user uses far less than is usual for him: how often in the last weeks, times how deep.

It is looked at when a day with activity begins, on what is known up to the day before; what it called for stands until
use is well above its threshold again.
"""

from schemas.policy import Warnings
from streams.health.index.index import Silence
from streams.health.index.snapshot import Snapshot
from streams.health.rules.level import cool, number_of
from streams.health.state import State

COLLAPSE = 0b100
"""Its bit among the alarm rules."""


def use(state: State, snapshot: Snapshot) -> float:
    """Present use as a part of the usual: recent rate ÷ long rate × recent depth ÷ usual depth.

    The rates are those that the index compares for its trend, shrunk to the population's; depth is 1 + ln(1 + events).

    >>> from streams.health.index.snapshot import START
    >>> round(use(State(repeats=30, depth_fast=0.7, depth_slow=2.4), START), 2)
    0.5
    """
    shape, rate = snapshot.shape, snapshot.rate
    recent = (shape / 2 + state.recent_count) / (rate / 2 + state.recent_exposure)
    usual = (shape + state.count) / (rate + state.exposure)
    return recent / usual * (state.depth_fast + 1) / (state.depth_slow + 1)


class CollapseRule:
    """Use that breaks down under one policy."""

    name = "collapse"
    bit = COLLAPSE

    def __init__(self, warnings: Warnings) -> None:
        self._policy = warnings.collapse
        self.number = number_of(self._policy.level)
        self.numbers = (self.number,)

    def holds(self, now: float) -> bool:
        """Whether so small a part of the usual use is a collapse."""
        return now <= self._policy.ratio

    def over(self, now: float) -> bool:
        """Whether use is well again."""
        return now > self._policy.rearm_ratio

    def may(self, number: int, state: State, silence: Silence, day: int) -> bool:
        """Whether use was well since it called, and it is not in its cool-down on a day."""
        return not state.disarmed & COLLAPSE and day >= cool(number, state, self._policy.cooldown_days)
