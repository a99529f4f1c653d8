"""What takes points beside silence: shrinking use, shallow use and bad experiences; each a flag with a weight.

The flags of a silence are those its user had when it began; nothing that happens in it changes them.
"""

from math import exp, log1p
from typing import Final

from schemas.warning import Component
from streams.health.index.snapshot import Snapshot
from streams.health.state import State

FLAGS: Final = {Component.TREND: 1, Component.DEPTH: 2, Component.EXPERIENCE: 3}
"""Each flag's number, in the order of the snapshot's weights and of what :func:`flags` gives.

Records keep the number, as a bit and as the place of a group of users (0: those without a flag): one once given stays.
"""

SHRUNK: Final = exp(-0.3)
"""A rate or a depth under this part of its longer memory counts as shrinking: a logarithm under -0.3."""

NEGATIVE: Final = 0.25
"""Complaints remembered above this count as a bad experience: one of them does for 39 days."""

NEGATIVE_DAYS: Final = 28.0
"""The memory of a complaint or a low score falls by e in this time, operational days."""

FAST: Final = 0.35
SLOWEST: Final = 0.08


def deepened(fast: float, slow: float, events: int, repeats: int) -> tuple[float, float]:
    """The fast and the slow memory of depth after a day with ``events`` events; depth is ln(1 + events).

    >>> deepened(0.0, 0.0, 1, 0) == (log1p(1), log1p(1))
    True
    >>> fast, slow = deepened(2.0, 2.0, 0, 30)
    >>> round(fast, 9), round(slow, 9)
    (1.3, 1.84)
    """
    depth = log1p(events)
    if repeats == 0:
        return depth, depth
    return fast + FAST * (depth - fast), slow + max(SLOWEST, 1 / (repeats + 1)) * (depth - slow)


def flags(state: State, snapshot: Snapshot) -> tuple[bool, bool, bool]:
    """Use trend, depth of use, bad experience: whether each counts in the silence after the state's last occasion."""
    shape, rate = snapshot.shape, snapshot.rate
    recent, recent_days = shape / 2 + state.recent_count, rate / 2 + state.recent_exposure
    shrinking = recent * (rate + state.exposure) < SHRUNK * recent_days * (shape + state.count)
    fast, slow = deepened(state.depth_fast, state.depth_slow, state.today, state.repeats)
    return shrinking, fast + 1 < SHRUNK * (slow + 1), state.negatives > NEGATIVE
