"""What a product's users teach, slowly: floats over raw histories, day after day, rounded to the units of the sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.laws.reference import Lane
    from tests.laws.reference_life import Life

EDGES = np.concatenate([[0.0], np.geomspace(0.02, 40.0, 31), [1e12]])
MIDDLES = np.append((EDGES[:-2] + EDGES[1:-1]) / 2, 40.0)
H0 = 1 / (1 + MIDDLES)
WIDTHS = np.minimum(np.diff(EDGES), 1.0)
ENOUGH_USERS = 200


@dataclass(frozen=True)
class Taught:
    """What a silence is read with."""

    name: str = "start"
    r: float = 1.0
    alpha: float = 14.0
    season: float = 1.0
    hazards: tuple[tuple[float, ...], ...] = (tuple(H0),) * 3
    weights: tuple[float, float, float] = (0.3, 0.3, 0.3)

    def risen(self, repeats: int) -> Callable[[float], float]:
        heights = risen_at(self.hazards[0 if repeats < 2 else 1 if repeats < 8 else 2])
        return lambda z: float(np.interp(z, EDGES, heights))


@lru_cache(maxsize=1_000)
def risen_at(hazard: tuple[float, ...]) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.diff(EDGES) * hazard)])


def surprise(taught: Taught, n: float, e: float, a: float) -> float:
    return (taught.r + n) * log(1 + a / (taught.alpha + e))


def antitonic(rates: np.ndarray, weights: np.ndarray) -> tuple[float, ...]:
    """The closest falling sequence, by the min-max formula (Barlow et al. 1972)."""
    size = len(rates)
    means = np.zeros((size, size))  # of all from j to k
    for j in range(size):
        means[j, j:] = np.cumsum((rates * weights)[j:]) / np.cumsum(weights[j:])
    return tuple(float(means[: i + 1, i:].max(axis=1).min()) for i in range(size))


def moments(rhythms: list[tuple[float, float]]) -> np.ndarray:
    """Users with a rhythm, and the sums of n, E, n², nE, E² over them."""
    known = np.array([one for one in rhythms if one[1] > 0]).reshape(-1, 2)
    n, e = known.T
    return np.array([len(known), *(np.round(one, 6).sum() for one in (n, e, n * n, n * e, e * e))])


@dataclass
class Sums:
    exposure: np.ndarray = field(default_factory=lambda: np.zeros((3, 32)))
    returns: np.ndarray = field(default_factory=lambda: np.zeros((3, 32)))
    active: int = 0
    expected: float = 0.0
    lapses: np.ndarray = field(default_factory=lambda: np.zeros(4))
    predicted: np.ndarray = field(default_factory=lambda: np.zeros(4))


class World:
    """One product's time and teaching in one partition."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.today, self.first = -1, 0
        self.speeds: dict[int, float] = {}
        self.starts = [0.0]
        self.open: dict[int, Sums] = {}
        self.serving, self.speed = Taught(), 1.0
        self.next: list[tuple[int, Taught, float]] = []
        self.all = Sums()
        self.recent: list[tuple[int, float]] = []
        self.usual, self.season = -1.0, 1.0
        self.newest = Taught()
        self.gaps, self.squares = 7 * 86_400.0, 7 * 86_400.0 * 86_400.0

    # Time.

    def theta(self, day: int) -> float:
        """Operational days before a day, counted from the first."""
        if day < self.first:
            return float(day - self.first)
        known = min(day, self.first + len(self.starts) - 1)
        return self.starts[known - self.first] + (day - known)

    @property
    def held(self) -> bool:
        return self.speed < 0.5

    @property
    def still_after(self) -> float:
        return max(3600.0, 10 * self.squares / self.gaps)

    def stood(self, gap: int) -> bool:
        return gap > self.still_after

    def gap(self, seconds: int) -> None:
        counted = min(seconds, self.still_after)
        kept = exp(-counted / (7 * 86_400))
        self.gaps, self.squares = kept * self.gaps + counted, kept * self.squares + counted * counted

    def begin(self, day: int, still: bool) -> None:
        if self.today < 0:
            self.first = day
        ready = [lesson for lesson in self.next if lesson[0] <= day - 2]
        if ready:
            _day, self.serving, self.speed = ready[-1]
        self.today, self.still = day, still
        self.speeds[day] = 0.0 if still or self.held else self.speed
        self.starts.append(self.starts[-1] + self.speeds[day])

    # Users.

    def cell(self, life: Life, lane: Lane, a: float, speed: float) -> tuple[int, int, float]:
        n, e = lane.rhythm(life, 120.0)
        begun, ended = (surprise(self.serving, n, e, days) for days in (a, a + speed))
        k = 0 if life.repeats < 2 else 1 if life.repeats < 8 else 2
        return k, int(np.searchsorted(EDGES, (begun + ended) / 2, side="right")) - 1, round(ended - begun, 9)

    def due_back(self, life: Life, lane: Lane, a: float) -> float:
        n, e = lane.rhythm(life, 120.0)
        risen = self.serving.risen(life.repeats)
        now, then = (surprise(self.serving, n, e, days) for days in (a, a + 1))
        return round(1 - exp(risen(now) - risen(then)), 9)

    def returned(self, life: Life, day: int, lane: Lane) -> None:
        """Called before the occasion of the day is added; logs are in order, so the day is not over."""
        speed = self.theta(day + 1) - self.theta(day)
        sums, a = self.open.setdefault(day, Sums()), lane.silent(life, day)
        k, bin_, passed = self.cell(life, lane, a, speed)
        sums.returns[k, bin_] += speed > 0
        sums.exposure[k, bin_] += passed
        if day - life.last <= 28:
            sums.active += 1
            sums.expected += self.due_back(life, lane, a)

    def close(self, lives: Iterable[Life], lane: Lane) -> None:
        day, sums = self.today, self.open.pop(self.today, Sums())
        speed = self.speeds[day]
        known = [life for life in lives if life.occasions]
        for life in known:
            if life.last < day:
                a = lane.silent(life, day)
                k, bin_, passed = self.cell(life, lane, a, speed)
                sums.exposure[k, bin_] += passed
                if day - life.last <= 28 and not self.still:
                    sums.expected += self.due_back(life, lane, a)
        for life in known:
            self.ask(life, lane, day, sums)
        known = [life for life in known if lane.rhythm(life, 120.0)[1] > 0]
        self.teach(day, sums, moments([lane.rhythm(life, 120.0, day + 1) for life in known]))

    def ask(self, life: Life, lane: Lane, day: int, sums: Sums) -> None:
        if life.asked is not None and life.asked[0] + life.asked[3] <= day:
            asked, p, groups, _span = life.asked
            for group in groups:
                sums.lapses[group] += life.last <= asked
                sums.predicted[group] += p
            life.asked = None
        elif life.asked is not None:
            return
        if life.repeats >= 1 and day - life.last < lane.horizon_of(life):
            n, e = lane.rhythm(life, 120.0)
            a = self.theta(day + 1) - self.theta(life.last)
            risen, span = self.serving.risen(life.repeats), lane.horizon_of(life) * self.serving.season
            now, then = (surprise(self.serving, n, e, days) for days in (a, a + span))
            flagged = [group for group, flag in enumerate(lane.flags(life), 1) if flag]
            life.asked = (day, round(exp(risen(now) - risen(then)), 6), flagged or [0], lane.horizon_of(life))

    # Lessons.

    def teach(self, day: int, sums: Sums, rhythms: np.ndarray) -> None:
        half_life = 0.5 ** (1 / 365)
        for name in ("exposure", "returns", "lapses", "predicted"):
            setattr(self.all, name, getattr(self.all, name) * half_life + getattr(sums, name))
        if sums.expected > 0:
            self.recent = [*self.recent, (sums.active, sums.expected)][-7:]
        ratio = (5 + sum(a for a, _ in self.recent)) / (5 + sum(e for _, e in self.recent))
        believed = day - self.first >= 28
        self.usual = self.usual + (ratio - self.usual) / 56 if believed and self.usual >= 0 else ratio
        speed = float(np.clip(ratio / max(self.usual, 0.05), 0.1, 1)) if believed else 1.0
        self.season += (speed - self.season) / 56
        if (day + 3) % 7 == 6 and rhythms[0] >= ENOUGH_USERS:
            self.newest = self.refit(day, rhythms)
        self.next = [*self.next[-2:], (day, self.newest, speed)]

    def refit(self, day: int, rhythms: np.ndarray) -> Taught:
        _users, n1, e1, nn, ne, ee = map(float, rhythms)
        mu = n1 / e1
        v = (nn - 2 * mu * ne + mu**2 * ee - mu * e1 / 2) / ee
        r = float(np.clip(mu**2 / v, 0.3, 5)) if v > 0 else 5.0
        hazards = []
        for exposure, returns in zip(self.all.exposure, self.all.returns, strict=True):
            w = 3 * WIDTHS
            hazards.append(antitonic((returns + w * H0) / (exposure + w), exposure + w))
        o, p = self.all.lapses, self.all.predicted
        bias = o[0] / p[0] if p[0] > 0 else 1.0
        weights = [float(np.clip(log((o[j] + 13.5) / (bias * p[j] + 10)), 0, 1)) for j in (1, 2, 3)]
        name = str(date(1970, 1, 1) + timedelta(days=day))
        learned = (weights[0], weights[1], weights[2])
        return Taught(name, r, r / float(mu), self.season, tuple(hazards), learned)
