"""What was foretold of one user, and whether it came true: from this the weights of the flags are learned."""

from typing import Final

from streams.health.index.components import FLAGS
from streams.health.learning.sums import GROUPS, MOMENTS, DaySums
from streams.health.state import State

PAUSE: Final = -1
"""In place of a chance: nothing is foretold until this has settled."""


def settle(state: State, sums: DaySums) -> None:
    """A prediction that waited has come true or not, and is in the sums of the groups its user belonged to."""
    if state.asked_day < 0:
        return
    if state.asked == PAUSE:
        state.asked_day = -1
        return
    for group in [group for group in range(1, GROUPS) if state.asked_flags >> group & 1] or [0]:
        sums.lapses[group] += state.last <= state.asked_day
        sums.predicted[group] += state.asked
    state.asked_day = -1


def pause(state: State, day: int, days: int) -> None:
    """Nothing waits to come true; the next prediction is made so many days later."""
    state.asked_day, state.asked_until, state.asked, state.asked_flags = day, day + days, PAUSE, 0


def ask(state: State, day: int, horizon_days: int, chance: float, flagged: tuple[bool, ...]) -> None:
    """One waits from this day on for the horizon: the chance of silence, and the flags the user has."""
    state.asked_day, state.asked_until, state.asked = day, day + horizon_days, round(chance * MOMENTS)
    state.asked_flags = sum(1 << number for number, flag in zip(FLAGS.values(), flagged, strict=True) if flag)
