"""The health index once more, slowly and from whole histories: ``streams`` must agree with it.

Everything is worked out from a user's raw events by closed sums and a sweep over all days; nothing is updated, packed,
queued or searched, and nothing of ``streams`` is imported. It covers logs in order of time and the population that
nobody has taught yet.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from math import exp, floor, log
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

TAU, SHORT, R, ALPHA = 120.0, 28.0, 1.0, 14.0
EDGES = np.concatenate([[0.0], np.geomspace(0.02, 40.0, 31), [1e12]])
MIDDLES = np.append((EDGES[:-2] + EDGES[1:-1]) / 2, 40.0)
RISEN = np.concatenate([[0.0], np.cumsum(np.diff(EDGES) / (1 + MIDDLES))])
EPOCH = date(1970, 1, 1)
RISK, CRITICAL = "risk", "critical"
LIMITS = {RISK: 50.0, CRITICAL: 30.0}


def hazard(z: float) -> float:
    return float(np.interp(z, EDGES, RISEN))


@dataclass
class Life:
    """One user in one product: whole days with their number of events and first moment, and days of complaints."""

    user: str
    zone: str = "UTC"
    horizon: int = 28
    occasions: dict[int, int] = field(default_factory=dict)
    moments: dict[int, float] = field(default_factory=dict)
    complaints: list[int] = field(default_factory=list)

    def day(self, moment: float) -> int:
        return (datetime.fromtimestamp(moment, ZoneInfo(self.zone)).date() - EPOCH).days

    def active(self, moment: float) -> None:
        day = self.day(moment)
        self.occasions[day] = self.occasions.get(day, 0) + 1
        self.moments.setdefault(day, moment)

    def complains(self, moment: float) -> None:
        self.complaints.append(self.day(moment))

    def look(self, day: int) -> float:
        midnight = datetime.combine(EPOCH + timedelta(days=day), datetime.min.time(), ZoneInfo(self.zone))
        return midnight.timestamp() + crc32(self.user.encode()) % 86_400


@dataclass
class Quiet:
    """The silence after the occasion on day ``last``, with all that had happened by the end of that day."""

    life: Life
    last: int

    @cached_property
    def days(self) -> list[int]:
        return sorted(day for day in self.life.occasions if day <= self.last)

    @cached_property
    def long(self) -> tuple[float, float]:
        return self.rhythm(TAU)

    @cached_property
    def flagged(self) -> int:
        return sum(self.flags())

    def rhythm(self, tau: float) -> tuple[float, float]:
        first, *later = self.days
        return sum(exp((day - self.last) / tau) for day in later), tau * (1 - exp((first - self.last) / tau))

    def flags(self) -> tuple[bool, bool, bool]:
        (n, e), (n28, e28) = self.long, self.rhythm(SHORT)
        trend = log(((R / 2 + n28) / (ALPHA / 2 + e28)) / ((R + n) / (ALPHA + e)))
        fast = slow = log(1 + self.life.occasions[self.days[0]])
        for x, day in enumerate(self.days[1:], 1):
            v = log(1 + self.life.occasions[day])
            fast, slow = fast + 0.35 * (v - fast), slow + max(0.08, 1 / (x + 1)) * (v - slow)
        negatives = sum(exp((day - self.last) / 28) for day in self.life.complaints if day <= self.last)
        return trend < -0.3, log((fast + 1) / (slow + 1)) < -0.3, negatives > 0.25

    def reach(self, a: float) -> float:
        n, e = self.long
        z, end = ((R + n) * log(1 + days / (ALPHA + e)) for days in (a, self.life.horizon))
        return float(np.clip(exp(-(hazard(max(end, z)) - hazard(z))), 1e-4, 1 - 1e-4))

    def index(self, a: float) -> float:
        reach = self.reach(a)
        return 100 / (1 + exp(log(reach / (1 - reach)) + 0.3 * self.flagged))

    def parts(self, a: float) -> list[int]:
        flags, total = self.flags(), 100_000 - round(self.index(a) * 1000)
        rest = 100 - self.index(a) - 100 * self.reach(a)
        exact = [100 * self.reach(0), 100 * (self.reach(a) - self.reach(0))]
        exact += [rest * flag / sum(flags) if any(flags) else 0.0 for flag in flags]
        exact[1] += 0.0 if any(flags) else rest
        whole = [floor(1000 * part) for part in exact]
        for place in sorted(range(5), key=lambda i: whole[i] - 1000 * exact[i])[: total - sum(whole)]:
            whole[place] += 1
        return whole


@dataclass(frozen=True)
class Said:
    """What must be said of one user; ``lost`` is 100,000 minus the index, part by part."""

    level: str
    at: float
    index: int
    parts: tuple[int, ...]
    threshold: int
    last: int


def sweep(life: Life, newest: float) -> list[Said]:
    """Every warning and recovery of one life by the time the product's newest event stands at ``newest``."""
    said: list[Said] = []
    armed, warned, baseline = {RISK: True, CRITICAL: True}, {RISK: -(10**6), CRITICAL: -(10**6)}, None
    days = sorted(life.occasions)
    for x, last in enumerate(days):
        if x == 0:
            continue
        quiet, spoken = Quiet(life, last), ""
        until = life.moments[days[x + 1]] if x + 1 < len(days) else newest
        baseline = quiet.index(0) if baseline is None else baseline
        for level, limit in LIMITS.items():
            theta = round(1000 * min(limit, 0.85 * baseline)) / 1000
            armed[level] |= 100 - quiet.index(0) < 0.8 * (100 - theta) or quiet.index(0) > 0.85 * baseline
        day, mondays = last, 0
        while True:
            day += 1
            over = x + 1 < len(days) and day > days[x + 1]
            if over or (x + 1 == len(days) and life.look(day) > newest):
                break
            if (day + 3) % 7 == 0 and mondays < 26:
                mondays += 1
                baseline += (quiet.index(day - last) - baseline) / 8
            if life.look(day) > until - 60:
                continue
            index = round(1000 * quiet.index(day - last))
            for level in (CRITICAL, RISK):
                theta = round(1000 * min(LIMITS[level], 0.85 * baseline))
                if spoken in (level, CRITICAL) or not armed[level] or day < warned[level] + 28 or index > theta:
                    continue
                said.append(Said(level, life.look(day), index, tuple(quiet.parts(day - last)), theta, last))
                spoken = level
                for lower in (RISK, CRITICAL) if level == CRITICAL else (RISK,):
                    armed[lower], warned[lower] = False, day
                break
        if spoken and x + 1 < len(days):
            at = max(life.moments[days[x + 1]], life.look(warned[spoken]))
            said.append(Said("recovered", at, -1, (), -1, last))
    return said
