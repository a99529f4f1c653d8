"""The health role once more, slowly and from whole histories: ``streams`` must agree with it.

Everything of a user is worked out from raw events by closed sums over operational time and looked at day by day;
nothing is updated in place, packed, queued or searched, and nothing of ``streams`` is imported. It covers logs in order
of time in one partition, learning included; what a product's users teach is in
``reference_learning``, and when rules call in ``reference_rules``.
"""

from datetime import date, datetime, timedelta
from math import exp, floor, log
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

import tests.laws.reference_rules as rules
from tests.laws.reference_learning import World, surprise
from tests.laws.reference_life import Life, Said, lasting
from tests.laws.reference_rules import LADDER, RISK, WATCH

TAU, SHORT = 120.0, 28.0
Outlook = tuple[int, tuple[float, float, float]]
"""What holds in a life stage: the horizon, and factors of the weights."""
EPOCH = date(1970, 1, 1)
RECOVERED = "recovered"


class Lane:
    """All users of one listed product and its time; feed it events in order of time."""

    def __init__(self, zone: str, horizon: int, outlooks: tuple[Outlook, ...] = ()) -> None:
        self.zone, self.horizon = ZoneInfo(zone), horizon
        self.outlooks = outlooks or ((horizon, (1.0, 1.0, 1.0)),) * 3
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
            if life.last <= day and after < self.look(life, day) <= until and not self.world.held:
                self.judge(who, life, day)

    # A silence.

    def outlook(self, life: Life) -> Outlook:
        """By the number of days with activity: up to two, up to eight, more."""
        return self.outlooks[0 if len(life.occasions) <= 2 else 1 if len(life.occasions) <= 8 else 2]

    def horizon_of(self, life: Life) -> int:
        return self.outlook(life)[0]

    def weights(self, life: Life) -> list[float]:
        learned, factors = life.with_[life.last].weights, self.outlook(life)[1]
        return [factor * w for factor, w in zip(factors, learned, strict=True)]

    @lasting
    def rhythm(self, life: Life, tau: float, until: int | None = None) -> tuple[float, float]:
        """Up to the last occasion, or to the beginning of a day."""
        theta, (first, *later) = self.world.theta, life.days
        end = theta(life.last if until is None else until)
        return sum(exp((theta(day) - end) / tau) for day in later), tau * (1 - exp((theta(first) - end) / tau))

    @lasting
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
        z, end = (surprise(taught, n, e, days) for days in (a, self.horizon_of(life) * taught.season))
        risen = taught.risen(life.repeats)
        return float(np.clip(exp(-(risen(max(end, z)) - risen(z))), 1e-4, 1 - 1e-4))

    @lasting
    def index(self, life: Life, a: float) -> float:
        reach = self.reach(life, a)
        return 100 / (1 + exp(log(reach / (1 - reach)) + self.penalty(life)))

    def penalty(self, life: Life) -> float:
        return sum(flag * w for flag, w in zip(self.flags(life), self.weights(life), strict=True))

    def parts(self, life: Life, a: float) -> list[int]:
        weighted = [flag * w for flag, w in zip(self.flags(life), self.weights(life), strict=True)]
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

    @lasting
    def baseline_on(self, life: Life, day: int) -> float:
        """The baseline on a day of the running silence: it follows each Monday, 26 times at most."""
        baseline = life.baseline if life.baseline >= 0 else self.index(life, 0)
        mondays = [passed for passed in range(life.last + 1, day + 1) if (passed + 3) % 7 == 0][:26]
        for monday in mondays:
            baseline += (self.index(life, self.silent(life, monday)) - baseline) / 8
        return baseline

    def armed(self, life: Life, level: str) -> bool:
        """Whether a level was armed as the last silence ended, or is by how well this one began."""
        at_once, usual = self.index(life, 0), self.baseline_on(life, life.last)
        theta = rules.threshold(level, usual) / 1000
        return life.armed[level] or 100 - at_once < 0.8 * (100 - theta) or at_once > 0.85 * usual

    def judge(self, who: tuple[str, str], life: Life, day: int) -> None:
        """The look of a day: the highest level that a rule calls for and may, and the stage."""
        calls, at = rules.called(self, life, day), self.look(life, day)
        before, since = life.stage, life.since if life.spoken else life.last
        for level in reversed(LADDER):
            callers = [rule for rule in calls if level in calls[rule] and rules.may(self, life, rule, level, day)]
            if callers:
                self.warn(who, life, day, at, level, callers, set(calls))
                break
        self.staged(who, life, day, at, before, since)

    def warn(
        self, who: tuple[str, str], life: Life, day: int, at: float, level: str, callers: list[str], agreed: set[str]
    ) -> None:
        theta = rules.threshold(level, self.baseline_on(life, day))
        life.since = life.since if life.spoken else life.last
        life.spoken = level
        for lower in LADDER[: LADDER.index(level) + 1]:
            life.warned[lower] = day
        life.alarms |= {rule for rule in callers if rule in rules.CAUSES}
        life.disarmed |= {rule for rule in callers if rule in rules.CAUSES}
        parts, taught = tuple(self.parts(life, self.silent(life, day))), life.with_[life.last].name
        names = tuple(rule for rule in rules.NAMES if rule in agreed)
        self.tell(who, life, level, at, 100_000 - sum(parts), parts, theta, life.last, taught, names, life.since)

    def end(self, who: tuple[str, str], life: Life, day: int, at: float) -> None:
        """An episode is over when its user has come on a later day and no alarm stands."""
        if not life.open:
            life.disarmed.discard("shock")
        if life.spoken and life.last > life.since and not rules.standing(life, day):
            cause = "cooled_down" if life.alarms & life.disarmed else "returned"
            for rule in ("lapse", "shock", "collapse"):
                if rule in life.alarms and cause == "returned":
                    cause = rules.CAUSES[rule]
            self.tell(who, life, RECOVERED, at, -1, (), -1, -1, cause, (), life.since)
            life.spoken, life.alarms = "", set()

    def staged(self, who: tuple[str, str], life: Life, day: int, at: float, before: str, since: int) -> None:
        since = life.since if life.spoken and since < 0 else since
        life.stage = rules.stage(self, life, day)
        if life.stage != before:
            self.tell(who, life, f"{before}>{life.stage}", at, -1, (), -1, -1, "", (), since)

    def tell(self, who: tuple[str, str], life: Life, level: str, at: float, *rest: Any) -> None:
        life.said = max(at, life.said)
        self.said.setdefault(who, []).append(Said(level, life.said, *rest))

    # Events.

    def event(self, who: tuple[str, str], moment: float, kind: str) -> None:
        """A visit, an order (also the key behaviour), a complaint, a low score, or word that all are settled."""
        self.came(moment)
        life = self.known.setdefault(who, Life(who[0]))
        day = self.day(int(moment))
        if kind == "order":
            life.keys.append(day)
            life.disarmed.discard("lapse")
        if kind in ("complain", "rate"):
            life.complaints.append(day)
            life.open += [kind] if kind == "complain" else []
        if kind == "resolve":
            life.open.clear()
        if kind in ("visit", "order") and day not in life.occasions:
            self.visit(who, life, day, moment)
        elif life.occasions:
            if kind in ("visit", "order"):
                life.occasions[day] += 1
            before, since, now = life.stage, life.since, max(day, life.last)
            if life.spoken:
                self.end(who, life, now, moment)
                self.staged(who, life, now, moment, before, since)
            if kind in ("complain", "rate"):
                self.strike(who, life, now, moment, "shock", RISK)

    def strike(self, who: tuple[str, str], life: Life, day: int, moment: float, rule: str, level: str) -> None:
        before, since = life.stage, life.since if life.spoken else life.last
        if rules.may(self, life, rule, level, day):
            others = {} if self.world.held else rules.called(self, life, day)
            self.warn(who, life, day, moment, level, [rule], {*others, rule})
        if rule == "shock":
            self.staged(who, life, day, moment, before, since)

    def visit(self, who: tuple[str, str], life: Life, day: int, moment: float) -> None:
        """The first activity of a day: one silence ends, another begins."""
        before, since = life.stage, -1
        if life.occasions:
            since = life.since if life.spoken else life.last
            self.world.returned(life, day, self)
            if life.repeats >= 1:
                said = LADDER.index(life.spoken) if life.spoken else -1
                life.armed = {level: n > said and self.armed(life, level) for n, level in enumerate(LADDER)}
                life.baseline = self.baseline_on(life, day)
        life.occasions[day] = 1
        life.with_[day] = self.world.serving
        if life.stage in rules.GONE:
            life.returned, life.stage = day, "returned"
        elif life.returned is not None and self.world.theta(day) - self.world.theta(life.returned) >= max(
            30, self.horizon_of(life)
        ):
            life.returned = None
        now = rules.use(self, life) if life.repeats >= 1 else 1.0
        if now > 0.7:
            life.disarmed.discard("collapse")
        self.end(who, life, day, moment)
        if now <= 0.5:
            self.strike(who, life, day, moment, "collapse", WATCH)
        self.staged(who, life, day, moment, before, since)
