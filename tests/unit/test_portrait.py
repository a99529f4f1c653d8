"""A portrait says what a warning of the same day would say, and orders users by what is ahead."""

from datetime import UTC, datetime
from itertools import pairwise
from math import exp, log, log1p

import pytest

from schemas.policy import Policy, Product
from schemas.warning import Level, Stage
from streams.health.alerts import Alerts
from streams.health.index.curve import EDGES
from streams.health.index.index import Silence, upcoming
from streams.health.index.outlook import Outlook
from streams.health.index.snapshot import START
from streams.health.learning.population import Population
from streams.health.notice import Notices
from streams.health.occasion import occasion
from streams.health.portrait import Portraits
from streams.health.rules.order import Crossing, speak
from streams.health.state import State, key_of

POLICY = Policy(name="portrait", products={"default": Product(horizon_days=28)})
POPULATION = Population()
ALERTS = Alerts(POLICY, POLICY.product("default"), POPULATION)
RULE = ALERTS.rules.levels
KEY, AT = key_of("ann", "default"), datetime(2026, 3, 1, tzinfo=UTC)
PORTRAITS = Portraits(POPULATION, ALERTS)


def lived(days: range) -> State:
    state = State()
    for day in days:
        occasion(state, day, POPULATION, RULE)
    return state


def test_a_reading_is_what_a_warning_of_that_day_says() -> None:
    notices = Notices(POLICY.product("default"), POPULATION, RULE, POLICY.hash)
    state = lived(range(20_000, 20_060, 3))
    for day in range(state.last + 1, state.last + 40):
        crossing, silence = Crossing(day, Level.RISK, 50_000), Silence(state, START, Outlook(28))
        warning = notices.crossed(KEY, state, silence, crossing, Stage.AT_RISK, AT)
        reading = PORTRAITS.reading(KEY, state, day, AT)
        assert (reading.index, reading.parts) == (warning.index, warning.parts)
        assert warning.evidence is not None
        assert reading.reach == warning.evidence.reach


@pytest.mark.parametrize(("silent", "horizon"), [(0, 28), (9, 28), (40, 90)])
def test_the_chance_of_staying_away_is_the_hazard_of_the_horizon_to_come(silent: int, horizon: int) -> None:
    """Λ(z(a+H)) - Λ(z(a)) by hand: the start's hazard is 1/(1+middle) in each bin."""
    state = State(first=0, last=0, repeats=9, count=5.0, exposure=40.0)
    edges = [*EDGES, float("inf")]

    def passed(days: float) -> float:
        nats, hazard = (1 + 5.0) * log1p(days / (14 + 40.0)), 0.0
        for low, high in pairwise(edges):
            middle = (low + high) / 2 if high < float("inf") else low
            hazard += max(min(nats, high) - low, 0.0) / (1 + middle)
        return hazard

    expected = exp(passed(silent) - passed(silent + horizon))
    assert upcoming(state, START, horizon, silent) == pytest.approx(expected, rel=1e-9)
    assert log(expected) < 0


def test_a_stage_is_at_risk_once_warned_of_and_lapsed_whether_or_not() -> None:
    state = lived(range(20_000, 20_060, 3))
    stages = [PORTRAITS.reading(KEY, state, state.last + days, AT).stage for days in (3, 29, 30, 60, 180)]
    assert stages == [Stage.HEALTHY, Stage.HEALTHY, Stage.LAPSED, Stage.DORMANT, Stage.LONG_DORMANT]
    speak(state, Crossing(state.last + 9, Level.RISK, 50_000))
    assert PORTRAITS.reading(KEY, state, state.last + 10, AT).stage is Stage.AT_RISK


def test_a_portrait_changes_nothing() -> None:
    state, same = lived(range(20_000, 20_060, 3)), lived(range(20_000, 20_060, 3))
    portrait = PORTRAITS.portrait(KEY, state, state.last + 12, AT)
    assert state == same
    assert portrait.own_gap_days == pytest.approx(3, rel=0.05)
    assert (portrait.repeats, portrait.silent_days, portrait.active_days_28) == (19, 12, 6)


def test_a_level_shows_what_it_has_said_and_when_it_may_speak_again() -> None:
    state = lived(range(20_000, 20_060, 3))
    speak(state, Crossing(state.last + 9, Level.RISK, 50_000))
    _watch, risk, critical = PORTRAITS.portrait(KEY, state, state.last + 12, AT).levels
    assert (risk.spoken, critical.spoken, critical.armed) == (True, False, True)
    assert risk.cool_until is not None
    assert (risk.cool_until - datetime(1970, 1, 1, tzinfo=UTC).date()).days == state.last + 9 + 28
    assert critical.cool_until is None
