"""From events to warnings: silence is noticed, on time and with exact reasons, and so is a return (B1, B3, B5, B7)."""

from datetime import date, timedelta
from itertools import pairwise
from math import exp, inf, log

import pytest

from schemas.ids import episode_id, warning_id
from schemas.warning import Component, Level
from tests.flow.story import COMPLAINT, SHOP, Story, but, day

FREQUENCY, SILENCE, EXPERIENCE = Component.FREQUENCY, Component.SILENCE, Component.EXPERIENCE


def reached(visits: int, silent: float, horizon: float = 28) -> float:
    """P(the silence reaches the horizon) for a daily user, worked out here from the written formula alone."""
    n = e = 0.0
    for _ in range(visits - 1):
        n, e = exp(-1 / 120) * n + 1, exp(-1 / 120) * e + 120 * (1 - exp(-1 / 120))
    edges = [0.0, *(0.02 * 2000 ** (step / 30) for step in range(31)), inf]

    def surprise(days: float) -> float:
        return (1 + n) * log(1 + days / (14 + e))

    def hazard(z: float) -> float:
        total = 0.0
        for low, high in pairwise(edges):
            middle = 40.0 if high == inf else (low + high) / 2
            total += max(0.0, min(z, high) - low) / (1 + middle)
        return total

    return exp(-(hazard(surprise(horizon)) - hazard(surprise(silent))))


@pytest.mark.requirement("B3", "B7")
async def test_a_daily_user_who_falls_silent_is_at_risk_then_critical_and_then_recovers() -> None:
    """Index and parts are those of the formula to a thousandth of a point, and each word is about the same silence."""
    story = Story()
    story.lives("ann", [*range(20), 55])
    story.crowd(range(60))
    heard = await story.told()
    [risk, critical, recovered] = heard.warnings("ann")
    assert [w.level for w in (risk, critical, recovered)] == [Level.RISK, Level.CRITICAL, Level.RECOVERED]
    for warning, threshold in ((risk, 50_000), (critical, 30_000)):
        assert warning.evidence is not None
        silent, habit = warning.evidence.silent_days, round(100_000 * reached(20, 0))
        lost = round(100_000 * reached(20, silent))
        assert (warning.index, warning.threshold) == (100_000 - lost, threshold)
        assert abs(warning.parts[FREQUENCY] - habit) <= 1, "rounding by largest remainder may move a thousandth"
        assert {part for part, points in warning.parts.items() if points} == {FREQUENCY, SILENCE}
        assert sum(warning.parts.values()) == 100_000 - warning.index
        assert 100_000 * (1 - reached(20, silent - 1)) > threshold, "not a day later than the first look it held at"
        assert warning.evidence.last_occasion == date(2026, 1, 24)
        days = round(silent)  # operational ones: without ann the small crowd is a little quieter than usual
        assert (warning.at.date() - warning.evidence.last_occasion).days in (days, days - 1), "Shanghai is ahead"
        assert abs(silent - days) < 0.05
        assert warning.policy_hash == SHOP.hash
        assert warning.clears_when == "one event with a role of: session, feature_use, purchase"
    episode = episode_id("ann", "default", date(2026, 1, 24))
    assert {warning.episode for warning in (risk, critical, recovered)} == {episode}
    assert [risk.id, critical.id] == [warning_id(episode, Level.RISK), warning_id(episode, Level.CRITICAL)]
    assert (recovered.clears, recovered.cause, recovered.at) == (critical.id, "returned", day(55))
    assert recovered.threshold == critical.threshold, "of the level that is over"
    assert risk.warming_up, "nothing has been learned yet"


@pytest.mark.requirement("B5")
async def test_silence_is_noticed_without_an_event_of_the_silent_user() -> None:
    """Others move time on; the warning bears its deadline and comes with the first event that moves time past it."""
    story = Story()
    story.lives("ann", range(20))
    story.crowd(range(60))
    heard = await story.told()
    [risk, critical] = heard.warnings("ann")
    assert critical.level is Level.CRITICAL
    [_watch, published, _critical] = [r for r in heard.driver.read("churn.warnings") if r.key == b"ann"]
    own = [r for r in heard.driver.read("app.events") if r.key == b"ann"]
    assert max(r.timestamp for r in own) < risk.at.timestamp() * 1000
    delay = timedelta(seconds=SHOP.intake.watermark_delay_seconds)
    passing = next(day(n) for n in range(60) if day(n) - delay >= risk.at)
    assert published.timestamp == passing.timestamp() * 1000


@pytest.mark.requirement("B5")
async def test_without_any_event_there_is_no_time_and_no_silence() -> None:
    """A feed that stops is no churn: half a year of ticks warns of nobody."""
    story = Story(tick=timedelta(days=1))
    story.lives("ann", range(20))
    story.crowd(range(20))
    story.waits(day(200))
    heard = await story.told()
    assert heard.driver.read("churn.warnings") == []


@pytest.mark.requirement("B1")
async def test_a_product_with_a_shorter_horizon_warns_of_the_same_life_earlier() -> None:
    """Groceries churn in 14 days, the rest in 28: each by its own definition, in its own time."""
    story = Story()
    for product in ("default", "grocery"):
        story.lives("ann", range(20), product=product)
        story.crowd(range(60), product=product)
    heard = await story.told()
    days = {(w.product, w.level): w.evidence.silent_days for w in heard.warnings("ann") if w.evidence is not None}
    assert days["grocery", Level.RISK] < days["grocery", Level.CRITICAL] < days["default", Level.RISK]
    assert {w.evidence.horizon_days for w in heard.warnings("ann") if w.product == "grocery" and w.evidence} == {14}


@pytest.mark.requirement("B3")
async def test_a_complaint_brings_the_warning_forward_and_is_named_among_the_parts() -> None:
    """Two users with one life; the one who complained on his last day is warned of no later, and told why."""
    story = Story()
    for user in ("calm", "cross"):
        story.lives(user, range(20))
    story.event("cross", day(19, hour=9), COMPLAINT, complaint="c1")
    story.crowd(range(45))
    policy = but(SHOP, warnings={"shock": SHOP.warnings.shock.model_copy(update={"enabled": False})})
    story.policy = policy
    heard = await story.told()
    calm, cross = heard.warnings("calm")[0], heard.warnings("cross")[0]
    assert calm.evidence is not None
    assert cross.evidence is not None
    assert cross.evidence.silent_days < calm.evidence.silent_days
    assert calm.parts[EXPERIENCE] == 0 < cross.parts[EXPERIENCE]
    assert cross.evidence.open_complaints == 1
