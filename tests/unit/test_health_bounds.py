"""The very day, second or point at which something in health begins and ends."""

from unittest.mock import Mock

import pytest

from schemas.policy import Policy, StageScale
from schemas.warning import Level, Stage
from streams.health.deadlines import Deadlines
from streams.health.index.index import Silence
from streams.health.index.outlook import Outlook
from streams.health.index.snapshot import START
from streams.health.learning.population import Population
from streams.health.rules.collapse import COLLAPSE, CollapseRule
from streams.health.rules.decline import DeclineRule
from streams.health.rules.lapse import LAPSE, LapseRule
from streams.health.rules.level import RISK, WATCH, LevelRule
from streams.health.rules.order import Crossing, Rule, speak, standing
from streams.health.rules.shock import ShockRule
from streams.health.rules.silence import SilenceRule
from streams.health.stage import GONE, NUMBERS, Stages
from streams.health.state import State

DAY = 20_000
POPULATION = Population()
USUAL = Policy(name="bounds").warnings
OWN = {"decline": 3, "silence": 5, "lapse": 7, "shock": 11, "collapse": 13}
"""The days of each rule's own cool-down; 17 are those of the levels."""
COOLED = USUAL.model_copy(
    update={
        "cooldown_days": 17,
        **{name: getattr(USUAL, name).model_copy(update={"cooldown_days": days}) for name, days in OWN.items()},
    }
)
LEVELS = LevelRule(COOLED)


def silence_of(state: State) -> Silence:
    return Silence(state, START, Outlook(28))


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (LEVELS, 17),
        (DeclineRule(COOLED, LEVELS), OWN["decline"]),
        (SilenceRule(COOLED), OWN["silence"]),
        (LapseRule(COOLED), OWN["lapse"]),
        (ShockRule(COOLED), OWN["shock"]),
        (CollapseRule(COOLED), OWN["collapse"]),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_a_rule_is_silent_for_the_days_of_its_own_cool_down_and_no_longer(rule: Rule, days: int) -> None:
    state = State(first=DAY - 9, last=DAY - 9, repeats=3)
    speak(state, Crossing(DAY, Level.CRITICAL, 30_000))
    for number in (WATCH, RISK):
        assert not rule.may(number, state, silence_of(state), DAY + days - 1)
        assert rule.may(number, state, silence_of(state), DAY + days)


def test_the_key_behaviour_is_missing_from_the_day_on_which_the_horizon_is_full() -> None:
    rule = LapseRule(USUAL)
    state = State(first=DAY - 90, last=DAY + 27, repeats=40, key_day=DAY)
    calls = [rule.calls(state, silence_of(state), POPULATION, DAY + days) for days in (27, 28)]
    assert calls == [(), (WATCH,)]
    assert rule.next(state, silence_of(state), POPULATION, DAY + 20) == DAY + 28


@pytest.mark.parametrize(("period", "found"), [(None, 5), (5, 15), (30, 90)])
def test_decline_calls_at_the_third_low_check_and_every_look_before_leads_there(period: int | None, found: int) -> None:
    """A daily user: low from the third day on; a check after the horizon is made, too."""
    decline = USUAL.decline.model_copy(update={"period_days": period})
    rule = DeclineRule(USUAL.model_copy(update={"decline": decline}), LEVELS)
    state = State(first=DAY - 60, last=DAY, repeats=60, count=40.0, exposure=40.0, baseline=95.0)
    silence = silence_of(state)
    called = [day for day in range(DAY, DAY + 100) if rule.calls(state, silence, POPULATION, day)]
    assert called[0] == DAY + found
    for begun in range(DAY, called[0]):
        look: int | None = begun
        while look is not None and look < called[0]:
            look = rule.next(state, silence, POPULATION, look)
        assert look == called[0]
    assert (rule.earliest(state, silence, POPULATION) or 0) <= called[0]


def test_a_level_is_armed_again_a_fifth_of_the_way_from_its_threshold_up_and_not_at_it() -> None:
    """RISK warns at 50 and is armed again above 60, for whom 90 is usual."""
    state = State(first=DAY, last=DAY + 30, repeats=9, baseline=90.0, armed=0)
    begun = {points: Mock(spec=Silence, start=points) for points in (50.1, 59.9, 60.1)}
    assert [LEVELS.armed(RISK, state, begun[points]) for points in (50.1, 59.9, 60.1)] == [False, False, True]


def test_an_alarm_keeps_an_episode_open_up_to_the_end_of_the_cool_down() -> None:
    state = State(alarms=COLLAPSE, disarmed=COLLAPSE | LAPSE, watch_day=DAY)
    assert [standing(state, DAY + days, 28) for days in (27, 28)] == [COLLAPSE, 0]


def test_a_deadline_has_come_at_its_very_second() -> None:
    deadlines = Deadlines()
    deadlines.expect(b"u", 9)
    assert (deadlines.pop(8), deadlines.any(8)) == (None, False)
    assert (deadlines.any(9), deadlines.pop(9)) == (True, (9, b"u"))


def test_a_return_has_lasted_after_l_days() -> None:
    for days, returned_day in ((29, DAY), (30, -1)):
        state = State(first=DAY - 300, last=DAY + days, repeats=9, returned_day=DAY)
        Stages(POPULATION, USUAL.stages).returned(state, DAY + days)
        assert state.returned_day == returned_day


@pytest.mark.parametrize("stage", [stage for stage, number in NUMBERS.items() if number >= GONE])
def test_who_is_gone_stays_so_when_a_late_event_looks_at_an_earlier_day(stage: Stage) -> None:
    state = State(first=DAY - 9, last=DAY, repeats=3, spoken=RISK, stage=NUMBERS[stage])
    assert Stages(POPULATION, USUAL.stages).at(state, DAY + 29) is stage


def test_stages_begin_after_as_many_l_as_the_policy_says() -> None:
    """L is the horizon of 28 days here, as the least is 7; nothing is looked at before, and nothing is missed."""
    scale = StageScale(shortest_days=7, lapsed=1.5, dormant=3.0, long_dormant=4.0)
    stages, state = Stages(POPULATION, scale), State(first=DAY - 9, last=DAY, repeats=3)
    assert [stages.at(state, DAY + days) for days in (41, 42, 83, 84, 111, 112)] == [
        Stage.HEALTHY, Stage.LAPSED, Stage.LAPSED, Stage.DORMANT, Stage.DORMANT, Stage.LONG_DORMANT,
    ]  # fmt: skip
    assert stages.earliest(state) == DAY + 42
    assert [stages.next(state, DAY + days) for days in (9, 42, 84, 112)] == [DAY + 42, DAY + 84, DAY + 112, None]
