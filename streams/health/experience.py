"""Complaints and low scores: what they leave in a user's state.

Each is weighted by exp(-days / 28) from its own day, so that the order in which they arrive does not matter. Those up
to the last occasion count in the running silence; those after it count from the next occasion on.
"""

from math import exp
from typing import Any, Final
from zlib import crc32

from schemas.policy import Role
from streams.health.index.components import NEGATIVE_DAYS
from streams.health.learning.population import Population
from streams.health.state import COMPLAINTS, State
from streams.health.window import marked
from streams.intake import Event

ROLES: Final = frozenset({Role.COMPLAINT_OPENED, Role.COMPLAINT_RESOLVED, Role.SCORE})

_MOST_DAYS: Final = 10_000.0
"""Keeps exp() in its range; at that distance every weight is 0 or beyond comparison."""


def felt(state: State, role: Role, event: Event, day: int, population: Population, low: float) -> bool:
    """Whether an event of a day is a bad experience: a new complaint, or a low score; the state knows of it then.

    A complaint is named by the property ``complaint`` (by the event's id without it) and counts once while it is open;
    resolved without a name, all are. A score stands in the property ``score``; only a number counts, ``low`` at most.
    """
    name = event.properties.get("complaint")
    if role is Role.COMPLAINT_RESOLVED:
        state.complaints = [one for one in state.complaints if name is not None and one != _hash(name, event)]
        return False
    if role is Role.COMPLAINT_OPENED:
        complaint = _hash(name, event)
        if complaint in state.complaints:
            return False
        state.complaints = [*state.complaints, complaint][-COMPLAINTS:]
    elif not _low(event.properties.get("score"), low):
        return False
    _negative(state, day, population)
    return True


def remembered(state: State, gap: float) -> None:
    """A silence of ``gap`` operational days has ended: all that was felt so far counts in the next one."""
    state.negatives = (state.negatives + state.negatives_since) * exp(-gap / NEGATIVE_DAYS)
    state.negatives_since = 0.0


def _negative(state: State, day: int, population: Population) -> None:
    state.unhappy_days, state.unhappy_day = marked(state.unhappy_days, state.unhappy_day, day)
    if not state.begun and not state.negatives_since:
        state.last = day
    apart = population.elapsed(state.last, day)
    weight = exp(max(min(apart / NEGATIVE_DAYS, _MOST_DAYS / NEGATIVE_DAYS), -_MOST_DAYS / NEGATIVE_DAYS))
    if state.begun and day <= state.last:
        state.negatives += weight
    else:
        state.negatives_since += weight


def _hash(name: Any, event: Event) -> int:
    return crc32((str(name) if isinstance(name, str | int) else event.id).encode())


def _low(score: Any, low: float) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and score <= low
