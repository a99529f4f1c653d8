"""The index that is usual for a user, B: it starts at the first repeat and follows once a week, an eighth of the way.

It is advanced when it is looked at, never by a clock: week by week (from Monday) through the running silence, 26 weeks
at most; after that it stands still.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.health.index.index import Silence
from streams.health.learning.population import Population
from streams.health.state import State

SHARE: Final = 1 / 8
WEEKS: Final = 26


class Week(NamedTuple):
    """Days of a silence in one calendar week, and the baseline that holds in it."""

    first: int
    final: int
    baseline: float


def monday_after(day: int) -> int:
    """The first day of the next calendar week; days count from 1970-01-01, a Thursday.

    >>> monday_after(0), monday_after(3), monday_after(4)
    (4, 4, 11)
    """
    return day + 7 - (day + 3) % 7


def started(state: State, silence: Silence) -> float:
    """B as it stands on the day of the last occasion: of a first repeat, the index of that day."""
    return state.baseline if state.baseline >= 0 else silence.start


def weeks(state: State, silence: Silence, population: Population, end: int) -> Iterator[Week]:
    """The calendar weeks of a silence from the day of the last occasion through the day ``end``, in order."""
    first, baseline = state.last, started(state, silence)
    for _ in range(WEEKS):
        monday = monday_after(first)
        if monday > end:
            break
        yield Week(first, monday - 1, baseline)
        baseline += (silence.index(population.elapsed(state.last, monday)) - baseline) * SHARE
        first = monday
    yield Week(first, end, baseline)


def followed(state: State, silence: Silence, population: Population, day: int) -> float:
    """B on a day of the silence, as all weeks before it have moved it."""
    baseline = started(state, silence)
    for week in weeks(state, silence, population, day):
        baseline = week.baseline
    return baseline
