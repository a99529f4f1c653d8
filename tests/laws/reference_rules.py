"""The rules and stages once more, slowly: every rule is asked at every look, with the whole life before it."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from tests.laws.reference_learning import surprise

if TYPE_CHECKING:
    from tests.laws.reference import Lane
    from tests.laws.reference_life import Life

WATCH, RISK, CRITICAL = "watch", "risk", "critical"
LADDER = (WATCH, RISK, CRITICAL)
LIMITS = {WATCH: 100.0, RISK: 50.0, CRITICAL: 30.0}
COOLDOWN = 28
NAMES = ("level", "decline", "silence", "lapse", "shock", "collapse")
GONE = ("lapsed", "relapsed", "dormant", "long_dormant")
CAUSES = {"lapse": "key_behaviour", "shock": "settled", "collapse": "use_recovered"}


def threshold(level: str, baseline: float) -> int:
    return round(1000 * min(LIMITS[level], 0.85 * baseline))


def called(lane: Lane, life: Life, day: int) -> dict[str, list[str]]:
    """The levels that each rule of time calls for on a day."""
    calls: dict[str, list[str]] = {}
    if life.repeats < 1:
        return calls
    if day > life.last:
        index, usual = thousandths(lane, life, day), lane.baseline_on(life, day)
        calls["level"] = [level for level in (RISK, CRITICAL) if index <= threshold(level, usual)]
        calls["decline"] = [WATCH] if declined(lane, life, day) else []
        a = lane.silent(life, day)
        n, e = lane.rhythm(life, 120.0)
        calls["silence"] = [WATCH] if a >= 3 and surprise(life.with_[life.last], n, e, a) >= 3 else []
    keys = [key for key in life.keys if key <= day]
    if keys and lane.world.theta(day) - lane.world.theta(max(life.keys)) >= lane.horizon_of(life):
        calls["lapse"] = [WATCH]
    return {name: levels for name, levels in calls.items() if levels}


def thousandths(lane: Lane, life: Life, day: int) -> int:
    return round(1000 * lane.index(life, lane.silent(life, day)))


def declined(lane: Lane, life: Life, day: int) -> bool:
    period = max(1, round(lane.horizon_of(life) / 28))
    checks = list(range(life.last + period, day + 1, period))[-3:]
    low = [thousandths(lane, life, d) <= threshold(WATCH, lane.baseline_on(life, d)) for d in checks]
    return len(low) == 3 and all(low)


def may(lane: Lane, life: Life, rule: str, level: str, day: int) -> bool:
    """Whether a rule may warn of a level: higher than what was said, out of the cool-down, armed."""
    said = LADDER.index(life.spoken) if life.spoken else -1
    if LADDER.index(level) <= said or day < life.warned[level] + COOLDOWN:
        return False
    if rule in ("level", "decline"):
        return lane.armed(life, level)
    return rule in ("silence", "shock") or rule not in life.disarmed


def use(lane: Lane, life: Life) -> float:
    """Recent rate ÷ long rate, times recent depth ÷ usual depth, as known up to the day before the last occasion."""
    taught = life.with_[life.last]
    (n, e), (n28, e28) = lane.rhythm(life, 120.0), lane.rhythm(life, 28.0)
    rate = ((taught.r / 2 + n28) / (taught.alpha / 2 + e28)) / ((taught.r + n) / (taught.alpha + e))
    days = life.days[:-1]
    fast = slow = log(1 + life.occasions[days[0]])
    for x, day in enumerate(days[1:], 1):
        v = log(1 + life.occasions[day])
        fast, slow = fast + 0.35 * (v - fast), slow + max(0.08, 1 / (x + 1)) * (v - slow)
    return rate * (1 + fast) / (1 + slow)


def standing(life: Life, day: int) -> set[str]:
    """The alarms that keep an episode open."""
    return life.alarms & life.disarmed if day < life.warned[WATCH] + COOLDOWN else set()


def stage(lane: Lane, life: Life, day: int) -> str:
    """How far gone a user is on a day; who is gone only goes further."""
    silent, length = lane.silent(life, day), max(30, lane.horizon_of(life))
    found = "healthy" if life.returned is None else "returned"
    if life.spoken in (RISK, CRITICAL):
        found = "at_risk"
    for name, factor in (("lapsed" if life.returned is None else "relapsed", 1), ("dormant", 2), ("long_dormant", 6)):
        found = name if silent >= factor * length else found
    order = ("healthy", "returned", "at_risk", *GONE)
    return max(found, life.stage, key=order.index) if life.stage in GONE else found
