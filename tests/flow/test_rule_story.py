"""Each rule from the events to its warning, and how far gone a user is from stage to stage (B1, B4, B7, B8)."""

import json
from datetime import timedelta

import pytest

from schemas.ids import episode_id, warning_id
from schemas.policy import StageScale
from schemas.warning import Level, Stage, Warning
from tests.flow.story import COMPLAINT, PURCHASE, SHOP, Heard, Story, but, day


def said(heard: Heard, user: str) -> list[tuple[Level, tuple[str, ...]]]:
    return [(each.level, each.rules) for each in heard.all_warnings(user)]


def without(*rules: str, level: bool = True) -> Story:
    """A story under the shop's policy with some rules switched off."""
    off = {rule: getattr(SHOP.warnings, rule).model_copy(update={"enabled": False}) for rule in rules}
    return Story(but(SHOP, warnings={"level": level, **off}), tick=timedelta(days=1))


@pytest.mark.requirement("B4")
async def test_a_level_warns_once_and_names_every_rule_that_held() -> None:
    """A daily user falls silent: improbable, then down three days running; risk and critical name them all."""
    story = Story()
    story.lives("ann", range(40))
    story.crowd(range(80))
    heard = await story.told()
    watch, risk, critical = said(heard, "ann")
    assert (watch[0], risk[0], critical[0]) == (Level.WATCH, Level.RISK, Level.CRITICAL)
    assert watch[1] in (("decline",), ("silence",), ("decline", "silence"))
    assert risk[1] == critical[1] == ("level", "decline", "silence")


@pytest.mark.requirement("B4")
@pytest.mark.parametrize(("off", "rule"), [("decline", "silence"), ("silence", "decline")])
async def test_a_rule_that_is_switched_off_says_nothing_and_is_named_nowhere(off: str, rule: str) -> None:
    story = without(off)
    story.lives("ann", range(40))
    story.crowd(range(80))
    heard = await story.told()
    [watch, *_] = said(heard, "ann")
    assert watch == (Level.WATCH, (rule,))
    assert not any(off in rules for _level, rules in said(heard, "ann"))


@pytest.mark.requirement("B1", "B4", "B7")
async def test_who_visits_every_day_and_no_longer_buys_is_warned_of_until_he_buys() -> None:
    """The key behaviour is missing for 28 days; visits do not clear that, a purchase does."""
    story = Story()
    story.lives("ann", range(50))
    story.event("ann", day(10, 11), PURCHASE)
    story.event("ann", day(44, 11), PURCHASE)
    story.crowd(range(50))
    heard = await story.told()
    lapse, recovered = heard.all_warnings("ann")
    assert (lapse.level, lapse.rules) == (Level.WATCH, ("lapse",))
    assert day(38, 0) <= lapse.at < day(40, 0), "28 operational days"
    assert "one event with the role purchase" in lapse.clears_when
    assert (recovered.level, recovered.cause, recovered.at) == (Level.RECOVERED, "key_behaviour", day(44, 11))
    assert recovered.clears == lapse.id


@pytest.mark.requirement("B1", "B5")
async def test_who_buys_for_the_first_time_on_his_last_day_is_missed_as_a_buyer_after_the_horizon() -> None:
    """No other rule would have looked at him by then: the purchase itself sets the day."""
    story = without("decline", "silence", level=False)
    story.lives("ann", (18, 19), product="grocery")
    story.event("ann", day(19, 11), PURCHASE, product="grocery")
    story.crowd(range(45), product="grocery")
    [lapse] = (await story.told()).all_warnings("ann")
    horizon = SHOP.product("grocery").horizon_days
    assert (lapse.level, lapse.rules) == (Level.WATCH, ("lapse",))
    assert day(19 + horizon, 0) <= lapse.at < day(21 + horizon, 0)


@pytest.mark.requirement("B1")
async def test_a_purchase_that_comes_late_does_not_make_a_later_one_forgotten() -> None:
    """One of four days before arrives after today's: the horizon runs from today's."""
    story = Story(but(SHOP, intake={"late_hours": 120}))
    story.lives("ann", range(50))
    story.event("ann", day(10, 11), PURCHASE)
    before = {"id": "late", "source": "shop", "type": PURCHASE, "time": day(6, 12).isoformat(), "user_id": "ann"}
    story.record(day(10, 11.5), b"ann", json.dumps(before).encode())
    story.crowd(range(50))
    [lapse] = (await story.told()).all_warnings("ann")
    assert (lapse.rules, lapse.at >= day(38, 0)) == (("lapse",), True)


@pytest.mark.requirement("B7")
async def test_a_warning_says_all_that_would_clear_it_not_only_what_called_last() -> None:
    """No purchase for 28 days, then a complaint: both must be well again."""
    story = Story()
    story.lives("ann", range(45))
    story.event("ann", day(10, 11), PURCHASE)
    story.event("ann", day(42, 12), COMPLAINT)
    story.crowd(range(45))
    lapse, shock = (await story.told()).all_warnings("ann")
    visit = "one event with a role of: session, feature_use, purchase"
    assert lapse.clears_when == f"{visit}; one event with the role purchase"
    assert shock.clears_when == f"{lapse.clears_when}; no open complaint"


@pytest.mark.requirement("B4", "B7")
async def test_a_complaint_warns_at_once_and_clears_when_it_is_settled() -> None:
    """Visits go on meanwhile; the user is at risk until the complaint is resolved."""
    story = Story()
    story.lives("ann", range(30))
    story.event("ann", day(20, 12), COMPLAINT, complaint="c1")
    story.event("ann", day(24, 12), "ticket.resolved", complaint="c1")
    story.crowd(range(30))
    heard = await story.told()
    shock, recovered = heard.all_warnings("ann")
    episode = episode_id("ann", "default", day(20).date())
    assert (shock.id, shock.rules, shock.at) == (warning_id(episode, "risk"), ("shock",), day(20, 12))
    assert shock.evidence is not None
    assert shock.evidence.open_complaints == 1
    assert (recovered.cause, recovered.at, recovered.episode) == ("settled", day(24, 12), episode)
    assert [(each.before, each.to, each.at) for each in heard.stages("ann")] == [
        (Stage.HEALTHY, Stage.AT_RISK, day(20, 12)),
        (Stage.AT_RISK, Stage.HEALTHY, day(24, 12)),
    ]


@pytest.mark.requirement("B4")
async def test_a_complaint_in_a_silence_warns_too() -> None:
    story = Story()
    story.lives("ann", range(30))
    story.event("ann", day(31, 12), COMPLAINT)
    story.crowd(range(34))
    [shock] = (await story.told()).all_warnings("ann")
    assert (shock.level, shock.rules, shock.at) == (Level.RISK, ("shock",), day(31, 12))


@pytest.mark.requirement("B4")
@pytest.mark.parametrize(("low", "alarmed"), [(2, [2]), (3, [3, 2]), (1, [])])
async def test_a_score_is_low_where_the_policy_says_so(low: int, alarmed: list[int]) -> None:
    shock = SHOP.warnings.shock.model_copy(update={"low_score": low, "cooldown_days": 0})
    story = Story(but(SHOP, warnings={"shock": shock}))
    story.lives("ann", range(30))
    for number, score in ((18, 4), (20, 3), (25, 2)):
        story.event("ann", day(number, 12), "order.rated", score=score)
    story.crowd(range(30))
    raised = [each for each in (await story.told()).all_warnings("ann") if each.level is Level.RISK]
    assert [(each.rules, each.at) for each in raised] == [
        (("shock",), day({3: 20, 2: 25}[score], 12)) for score in alarmed
    ]


@pytest.mark.requirement("B4")
async def test_a_decline_is_checked_as_often_as_the_policy_says() -> None:
    """Every tenth day of a silence: the third low check is the thirtieth day, where it was one of the first."""
    said_on = []
    for period in (None, 10):
        decline = SHOP.warnings.decline.model_copy(update={"period_days": period})
        off = SHOP.warnings.silence.model_copy(update={"enabled": False})
        changed = {"level": False, "decline": decline, "silence": off}
        story = Story(but(SHOP, warnings=changed), tick=timedelta(days=1))
        story.lives("ann", range(40))
        story.crowd(range(80))
        [warning] = (await story.told()).all_warnings("ann")
        assert warning.rules == ("decline",)
        said_on.append((warning.at - day(39, 0)).days)
    assert said_on[0] < 20
    assert said_on[1] == 30


@pytest.mark.requirement("B4")
async def test_an_active_user_whose_use_breaks_down_is_warned_of_at_a_visit() -> None:
    """Twelve events a day for ten weeks, then one now and then; at none of these visits is a silence long."""
    story = without("decline", "silence", "lapse")
    for number in range(70):
        for _event in range(12):
            story.event("ann", day(number))
    story.lives("ann", range(73, 140, 5))
    story.crowd(range(140))
    [collapse, *_] = (await story.told()).all_warnings("ann")
    assert (collapse.level, collapse.rules) == (Level.WATCH, ("collapse",))
    assert collapse.at in {day(number) for number in range(73, 140, 5)}, "it comes with a visit"


@pytest.mark.requirement("B8")
async def test_stages_follow_a_silence_to_its_end_and_a_second_lapse_is_told_apart() -> None:
    """L is 30 days here; each change is one record, by deadline, and names the episode of its silence."""
    story = Story(tick=timedelta(days=1))
    story.lives("ann", [*range(20), 220, 221])
    story.crowd(range(270))
    heard = await story.told()
    changes = heard.stages("ann")
    assert [each.to for each in changes] == [
        Stage.AT_RISK, Stage.LAPSED, Stage.DORMANT, Stage.LONG_DORMANT, Stage.RETURNED, Stage.AT_RISK, Stage.RELAPSED,
    ]  # fmt: skip
    days = [(each.at - day(0, 0)).days for each in changes]
    never_before = [49, 79, 199, 220]
    late = [there - first for there, first in zip([*days[1:5], days[6]], [*never_before, 251], strict=True)]
    assert all(0 <= each <= 6 for each in late), "operational time is never faster than the calendar"
    assert {each.episode for each in changes[:5]} == {episode_id("ann", "default", day(19).date())}
    risk = next(each for each in heard.warnings("ann") if each.level is Level.RISK)
    assert (changes[0].at, risk.stage) == (risk.at, Stage.AT_RISK)
    back = next(each for each in heard.warnings("ann") if each.level is Level.RECOVERED)
    assert (back.stage, back.cause, back.at) == (Stage.RETURNED, "returned", day(220))
    assert len({each.id for each in changes}) == len(changes)
    assert isinstance(risk, Warning)


@pytest.mark.requirement("B8")
async def test_stages_are_as_long_as_the_policy_says() -> None:
    """A grocery user's L is his horizon of 14 days where the least is 7: lapsed, and dormant after three of them."""
    scale = StageScale(shortest_days=7, dormant=3.0)
    story = Story(but(SHOP, warnings={"stages": scale}), tick=timedelta(days=1))
    story.lives("ann", range(20), product="grocery")
    story.crowd(range(70), product="grocery")
    changes = [each for each in (await story.told()).stages("ann") if each.to is not Stage.AT_RISK]
    assert [each.to for each in changes] == [Stage.LAPSED, Stage.DORMANT]
    late = [(each.at - day(19 + days, 0)).days for each, days in zip(changes, (14, 42), strict=True)]
    assert all(0 <= each <= 2 for each in late), "operational time is never faster than the calendar"
