"""The users that a product's learning is done on, in arrays: what is asked of all of them is asked once a day."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.health.index.curve import BINS, EDGES
from streams.health.index.outlook import Outlooks
from streams.health.index.rhythm import LONG_DAYS
from streams.health.index.snapshot import OFTEN, STRATA, Snapshot
from streams.health.learning.clock import Clock
from streams.health.learning.sums import CELLS, MOMENTS, NATS, DaySums, Rhythms
from streams.health.state import State

RECENT_DAYS: Final = 28
"""Users count in the season's ratio who were active in so many days before."""

_EDGES: Final = np.array(EDGES)
_GROWTH: Final = 2
_ROW: Final = np.dtype([("n", "f8"), ("e", "f8"), ("repeats", "i8"), ("last", "i8"), ("settles", "i8")])

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Sample:
    """One row a user: n, E, repeats, the day of the last occasion, the day a prediction settles (-1: none waits)."""

    def __init__(self, states: Iterable[tuple[bytes, State]]) -> None:
        self._places: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self._rows = np.zeros(1_024, _ROW)
        for key, state in states:
            self.keep(key, state)

    def __len__(self) -> int:
        return len(self._keys)

    def keep(self, key: bytes, state: State) -> None:
        """The sample knows the user as the state has it."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._keys)
            self._keys.append(key)
            if place == len(self._rows):
                self._rows = np.resize(self._rows, _GROWTH * place)
        settles = state.asked_until if state.asked_day >= 0 else -1
        self._rows[place] = (state.count, state.exposure, state.repeats, state.last, settles)

    def retain(self, keys: Iterable[bytes]) -> "Sample":
        """The sample of those users only."""
        kept, smaller = list(keys), Sample(())
        smaller._rows = self._rows[[self._places[key] for key in kept]] if kept else smaller._rows
        smaller._keys, smaller._places = kept, {key: place for place, key in enumerate(kept)}
        return smaller

    @property
    def keys(self) -> list[bytes]:
        """Its users' keys."""
        return self._keys

    def swept(self, day: int, clock: Clock, snapshot: Snapshot) -> DaySums:
        """What the day brought of all users who were not active on it: exposure, expected returns; and all rhythms.

        A day without speed exposes nobody; who was expected on it is counted all the same, or it would never end.
        """
        rows = self._rows[: len(self._keys)]
        sums = DaySums(sampled=len(rows), rhythms=_rhythms(rows, day, clock))
        speed = clock.elapsed(day, day + 1)
        silent = rows[rows["last"] < day]
        if not len(silent):
            return sums
        weight, rate = snapshot.shape + silent["n"], snapshot.rate + silent["e"]
        elapsed = clock.at(day) - _at(clock, silent["last"])
        begun = weight * np.log1p(elapsed / rate)
        ended = weight * np.log1p((elapsed + speed) / rate)
        strata = _strata(silent)
        cells = strata * BINS + _bins((begun + ended) / 2)
        units = np.rint((ended - begun) * NATS)  # whole numbers, exact in a float up to 2^53
        sums.exposure = np.bincount(cells, units, CELLS).astype(np.int64).tolist()
        recent = day - silent["last"] <= RECENT_DAYS
        tomorrow = weight * np.log1p((elapsed + 1) / rate)
        hazard = np.array([snapshot.curves[k].hazard for k in range(STRATA)]).ravel()
        risen = np.array([snapshot.curves[k].risen for k in range(STRATA)]).ravel()
        passed: Floats = _risen(tomorrow, strata, hazard, risen) - _risen(begun, strata, hazard, risen)
        sums.expected = int(np.rint(-np.expm1(-passed[recent]) * NATS).sum())
        return sums

    def due(self, day: int, outlooks: Outlooks) -> list[bytes]:
        """Users whose prediction is so old that it has come true or not, and those of whom none waits, in key order."""
        rows = self._rows[: len(self._keys)]
        waits = rows["settles"] >= 0
        settles = waits & (rows["settles"] <= day)
        horizons = np.array([outlook.horizon_days for outlook in outlooks])[_strata(rows)]
        free = ~waits & (rows["repeats"] >= 1) & (day - rows["last"] < horizons)
        return sorted(self._keys[place] for place in np.flatnonzero(settles | free))


def _at(clock: Clock, days: Ints) -> Floats:
    """Θ at the beginning of each day."""
    if not clock.starts:
        return days.astype(np.float64)
    places = days - clock.first
    known = np.clip(places, 0, len(clock.starts) - 1)
    found: Floats = np.array(clock.starts)[known] + (places - known)
    return found


def _strata(rows: NDArray[np.void]) -> Ints:
    return np.searchsorted(OFTEN, rows["repeats"], side="right")


def _bins(nats: Floats) -> Ints:
    return np.searchsorted(_EDGES, nats, side="right") - 1


def _risen(nats: Floats, strata: Ints, hazard: Floats, risen: Floats) -> Floats:
    """Λ of each user's stratum, as :meth:`Curve.cumulative`."""
    bins = _bins(nats)
    cells = strata * BINS + bins
    total: Floats = risen[cells] + hazard[cells] * (nats - _EDGES[bins])
    return total


def _rhythms(rows: NDArray[np.void], day: int, clock: Clock) -> Rhythms:
    """Moments of n and E as they stand when the day ends, the running silence among the days.

    Counted up to the last return only, everybody would look as if he returned once more than he does: those who have
    left would weigh in the prior with the pace they once had.
    """
    known = rows[rows["e"] > 0]
    silent = clock.at(day + 1) - _at(clock, known["last"])
    kept = np.exp(-silent / LONG_DAYS)
    n = kept * known["n"]
    e = kept * known["e"] - LONG_DAYS * np.expm1(-silent / LONG_DAYS)
    return Rhythms(len(known), *(int(np.rint(one * MOMENTS).sum()) for one in (n, e, n * n, n * e, e * e)))
