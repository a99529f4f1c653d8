"""The health role once more, slowly and from whole histories: ``streams`` must agree with it.

Everything of a user is worked out from raw events by closed sums over operational time and looked at day by day;
nothing is updated in place, packed, queued or searched, and nothing of ``streams`` is imported. It covers logs in order
of time in one partition, learning included; what a product's users teach is in ``reference_learning``.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import exp, floor, log
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from tests.laws.reference_learning import Taught, World, surprise

TAU, SHORT = 120.0, 28.0
EPOCH = date(1970, 1, 1)
RISK, CRITICAL, RECOVERED = "risk", "critical", "recovered"
LIMITS = {RISK: 50.0, CRITICAL: 30.0}


@dataclass
class Life:
    """One user in one product: days with their number of events, days of complaints, what every silence began with."""

    user: str
    occasions: dict[int, int] = field(default_factory=dict)
    complaints: list[int] = field(default_factory=list)
    with_: dict[int, Taught] = field(default_factory=dict)
    asked: tuple[int, float, list[int]] | None = None
    baseline: float = -1.0
    begun_at: float = -1.0
    rolled: int = 0
    mondays: int = 0
    armed: dict[str, bool] = field(default_factory=lambda: {RISK: True, CRITICAL: True})
    warned: dict[str, int] = field(default_factory=lambda: {RISK: -(10**6), CRITICAL: -(10**6)})
    spoken: str = ""

    @property
    def days(self) -> list[int]:
        return sorted(self.occasions)

    @property
    def last(self) -> int:
        return max(self.occasions)

    @property
    def repeats(self) -> int:
        return len(self.occasions) - 1


@dataclass(frozen=True)
class Said:
    """What must be said of one user; ``parts`` is 100,000 minus the index, part by part."""

    level: str
    at: float
    index: int
    parts: tuple[int, ...]
    threshold: int
    last: int
    taught: str = ""


class Lane:
    """All users of one listed product and its time; feed it events in order of time."""

    def __init__(self, zone: str, horizon: int) -> None:
        self.zone, self.horizon = ZoneInfo(zone), horizon
        self.world = World(horizon)
        self.known: dict[tuple[str, str], Life] = {}
        self.said: dict[tuple[str, str], list[Said]] = {}
        self.newest = 0.0

    @property
    def lives(self) -> dict[tuple[str, str], Life]:
        """Those who have been active."""
        return {who: life for who, life in self.known.items() if life.occasions}

    # Time.

    def day(self, moment: float) -> int:
        return (datetime.fromtimestamp(moment, self.zone).date() - EPOCH).days

    def start(self, day: int) -> float:
        return datetime.combine(EPOCH + timedelta(days=day), datetime.min.time(), self.zone).timestamp()

    def look(self, life: Life, day: int) -> float:
        return self.start(day) + crc32(life.user.encode()) % 86_400

    def came(self, moment: float) -> None:
        """An event of the product came: all that lies up to its watermark happens first."""
        seconds, before = int(moment), self.newest
        if seconds <= before:
            return
        self.newest, world = seconds, self.world
        still = world.stood(seconds - before) if before else False
        if world.today < 0:
            world.begin(self.day(seconds - 60), False)
        after = before - 60 if before else -1.0
        while True:
            ends = self.start(world.today + 1)
            self.look_at_all(world.today, after, min(seconds - 60, ends - 1))
            if seconds - 60 < ends:
                break
            world.close(self.lives.values(), self)
            empty = before < ends and self.start(world.today + 2) <= seconds - 60
            world.begin(world.today + 1, still and empty)
        if before:
            world.gap(seconds - before)

    def look_at_all(self, day: int, after: float, until: float) -> None:
        for who, life in self.lives.items():
            if life.repeats >= 1 and life.last < day and after < self.look(life, day) <= until and not self.world.held:
                self.judge(who, life, day)

    # A silence.

    def rhythm(self, life: Life, tau: float, until: int | None = None) -> tuple[float, float]:
        """Up to the last occasion, or to the beginning of a day."""
        theta, (first, *later) = self.world.theta, life.days
        end = theta(life.last if until is None else until)
        return sum(exp((theta(day) - end) / tau) for day in later), tau * (1 - exp((theta(first) - end) / tau))

    def flags(self, life: Life) -> tuple[bool, bool, bool]:
        taught, theta = life.with_[life.last], self.world.theta
        (n, e), (n28, e28), r, alpha = self.rhythm(life, TAU), self.rhythm(life, SHORT), taught.r, taught.alpha
        trend = log(((r / 2 + n28) / (alpha / 2 + e28)) / ((r + n) / (alpha + e)))
        days = life.days
        fast = slow = log(1 + life.occasions[days[0]])
        for x, day in enumerate(days[1:], 1):
            v = log(1 + life.occasions[day])
            fast, slow = fast + 0.35 * (v - fast), slow + max(0.08, 1 / (x + 1)) * (v - slow)
        felt = sum(exp((theta(day) - theta(life.last)) / 28) for day in life.complaints if day <= life.last)
        return trend < -0.3, log((fast + 1) / (slow + 1)) < -0.3, felt > 0.25

    def reach(self, life: Life, a: float) -> float:
        taught, (n, e) = life.with_[life.last], self.rhythm(life, TAU)
        z, end = (surprise(taught, n, e, days) for days in (a, self.horizon * taught.season))
        risen = taught.risen(life.repeats)
        return float(np.clip(exp(-(risen(max(end, z)) - risen(z))), 1e-4, 1 - 1e-4))

    def index(self, life: Life, a: float) -> float:
        reach = self.reach(life, a)
        return 100 / (1 + exp(log(reach / (1 - reach)) + self.penalty(life)))

    def penalty(self, life: Life) -> float:
        return sum(flag * w for flag, w in zip(self.flags(life), life.with_[life.last].weights, strict=True))

    def parts(self, life: Life, a: float) -> list[int]:
        weighted = [flag * w for flag, w in zip(self.flags(life), life.with_[life.last].weights, strict=True)]
        total = 100_000 - round(self.index(life, a) * 1000)
        rest, begun, now = (
            100 - self.index(life, a) - 100 * self.reach(life, a),
            self.reach(life, 0),
            self.reach(life, a),
        )
        exact = [100 * begun, 100 * (now - begun)]
        exact += [rest * w / sum(weighted) if sum(weighted) else 0.0 for w in weighted]
        exact[1] += 0.0 if sum(weighted) else rest
        exact = [max(part, 0.0) for part in exact]
        whole = [floor(1000 * part) for part in exact]
        for place in sorted(range(5), key=lambda i: whole[i] - 1000 * exact[i])[: total - sum(whole)]:
            whole[place] += 1
        return whole

    # What is said.

    def silent(self, life: Life, day: int) -> float:
        return self.world.theta(day) - self.world.theta(life.last)

    def roll(self, life: Life, day: int) -> None:
        """The baseline as it stands on a day of the running silence."""
        if life.repeats < 1:
            return
        if life.baseline < 0:
            life.baseline = self.index(life, 0)
        for passed in range(max(life.rolled, life.last) + 1, day + 1):
            if (passed + 3) % 7 == 0 and life.mondays < 26:
                life.mondays += 1
                life.baseline += (self.index(life, self.silent(life, passed)) - life.baseline) / 8
        life.rolled = day

    def arm(self, life: Life) -> None:
        """Levels are armed again by a silence that begins well above them."""
        if life.repeats >= 1 and not life.spoken:
            at_once, usual = self.index(life, 0), life.begun_at if life.begun_at >= 0 else self.index(life, 0)
            for level, limit in LIMITS.items():
                theta = round(1000 * min(limit, 0.85 * usual)) / 1000
                life.armed[level] |= 100 - at_once < 0.8 * (100 - theta) or at_once > 0.85 * usual

    def judge(self, who: tuple[str, str], life: Life, day: int) -> None:
        self.arm(life)
        self.roll(life, day)
        a = self.silent(life, day)
        index = round(1000 * self.index(life, a))
        for level in (CRITICAL, RISK):
            theta = round(1000 * min(LIMITS[level], 0.85 * life.baseline))
            if life.spoken in (level, CRITICAL) or not life.armed[level] or day < life.warned[level] + 28:
                continue
            if index <= theta:
                taught = life.with_[life.last].name
                parts = tuple(self.parts(life, a))
                self.tell(who, Said(level, self.look(life, day), index, parts, theta, life.last, taught))
                life.spoken = level
                for lower in (RISK, CRITICAL) if level == CRITICAL else (RISK,):
                    life.armed[lower], life.warned[lower] = False, day
                return

    def tell(self, who: tuple[str, str], said: Said) -> None:
        self.said.setdefault(who, []).append(said)

    # Events.

    def event(self, who: tuple[str, str], moment: float, active: bool) -> None:
        self.came(moment)
        life = self.known.setdefault(who, Life(who[0]))
        day = self.day(int(moment))
        if not active:
            life.complaints.append(day)
            return
        if day in life.occasions:
            life.occasions[day] += 1
            return
        if life.occasions:
            self.returns(who, life, day, moment)
        life.occasions[day] = 1
        life.with_[day] = self.world.serving
        life.spoken, life.mondays, life.rolled, life.begun_at = "", 0, day, life.baseline

    def returns(self, who: tuple[str, str], life: Life, day: int, moment: float) -> None:
        self.world.returned(life, day, self)
        self.arm(life)
        self.roll(life, day)
        if life.spoken:
            at = max(moment, self.look(life, life.warned[life.spoken]))
            self.tell(who, Said(RECOVERED, at, -1, (), -1, -1))
