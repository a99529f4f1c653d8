"""What one partition saw of one day: whole numbers of small units, so that adding them in any order gives the same."""

from collections.abc import Iterable
from typing import Final, Self

import msgspec

from streams.health.index.components import FLAGS
from streams.health.index.curve import BINS
from streams.health.index.snapshot import STRATA

CELLS: Final = STRATA * BINS
"""A cell is a bin of surprise in a stratum: number ``stratum * BINS + bin``."""

GROUPS: Final = 1 + len(FLAGS)
"""Users without a flag, then those with each."""

NATS: Final = 1e9
"""Units in a nat of exposure, and in an expected user."""

MOMENTS: Final = 1e6
"""Units of the rhythm moments, and of a predicted probability."""


def _cells() -> list[int]:
    return [0] * CELLS


def _groups() -> list[int]:
    return [0] * GROUPS


class Rhythms(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Moments of sampled users' weighted returns n and weighted days E, of those with E > 0; in millionths."""

    users: int = 0
    n: int = 0
    e: int = 0
    nn: int = 0
    ne: int = 0
    ee: int = 0


class DaySums(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """One partition's sample on one day, with the lesson that served then."""

    exposure: list[int] = msgspec.field(default_factory=_cells)
    """Surprise passed through by silences on that day, in :data:`NATS`, by cell."""
    returns: list[int] = msgspec.field(default_factory=_cells)
    """Silences that ended on that day, by cell."""
    active: int = 0
    expected: int = 0
    """Users active among those who were so in the 28 days before; and how many should have been, in :data:`NATS`."""
    lapses: list[int] = msgspec.field(default_factory=_groups)
    predicted: list[int] = msgspec.field(default_factory=_groups)
    """Predictions that came due: how many were silent for the horizon, and should have been, in :data:`MOMENTS`."""
    rhythms: Rhythms = msgspec.field(default_factory=Rhythms)
    sampled: int = 0
    """Users in the sample."""

    def __iadd__(self, other: "DaySums") -> Self:
        """These and the other's."""
        for name in ("exposure", "returns", "lapses", "predicted"):
            setattr(self, name, [a + b for a, b in zip(getattr(self, name), getattr(other, name), strict=True)])
        self.active += other.active
        self.expected += other.expected
        self.sampled += other.sampled
        for name in Rhythms.__struct_fields__:
            setattr(self.rhythms, name, getattr(self.rhythms, name) + getattr(other.rhythms, name))
        return self


def merged(parts: "Iterable[DaySums]") -> DaySums:
    """The sums of several partitions as one.

    >>> one, other = DaySums(active=1, sampled=2), DaySums(active=2, sampled=3)
    >>> merged([one, other]) == merged([other, one]) == DaySums(active=3, sampled=5)
    True
    """
    whole = DaySums()
    for part in parts:
        whole += part
    return whole
