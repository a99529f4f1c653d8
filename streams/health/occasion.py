"""A day with activity: what it leaves in a user's state, folded in at the first touch of a later day."""

from streams.health.experience import remembered
from streams.health.index.baseline import followed, monday_after
from streams.health.index.components import deepened
from streams.health.index.rhythm import LONG_DAYS, SHORT_DAYS, returned
from streams.health.learning.population import Population
from streams.health.rules.level import LevelRule
from streams.health.state import ALL_ARMED, State
from streams.health.window import rolled


def occasion(state: State, day: int, population: Population, rule: LevelRule) -> None:
    """The state after the first activity of ``day``, later than any before: one silence has ended, one begins."""
    gap = population.elapsed(state.last, day)
    if state.begun:
        if state.repeats:
            _learn(state, day, population, rule)
        state.depth_fast, state.depth_slow = deepened(state.depth_fast, state.depth_slow, state.today, state.repeats)
        state.window = rolled(state.window, state.last, state.today, day)
        state.count, state.exposure = returned(state.count, state.exposure, gap, LONG_DAYS)
        state.recent_count, state.recent_exposure = returned(state.recent_count, state.recent_exposure, gap, SHORT_DAYS)
        state.repeats += 1
    else:
        state.first = day
    remembered(state, gap)
    state.last, state.today = day, 1
    state.week = population.serving.week


def _learn(state: State, day: int, population: Population, rule: LevelRule) -> None:
    """Baseline and armed levels, as the silence that ends on ``day`` leaves them; mostly nothing has changed."""
    if state.baseline >= 0 and state.armed == ALL_ARMED and not state.spoken and day < monday_after(state.last):
        return
    silence = population.silence_of(state)
    state.armed = rule.rearmed(state, silence)
    state.baseline = followed(state, silence, population, day)
