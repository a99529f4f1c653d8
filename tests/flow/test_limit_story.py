"""What is for all users together, from warnings to messages: budgets, volume caps, and a run that is too long."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from schemas.channel import Channel
from schemas.control import ControlKind
from schemas.decision import Call, Outcome, Reason
from schemas.policy import Blast, Budgets, Policy, Volume, VolumeCap
from schemas.policy.templates import Variant
from tests.flow.story import EMAIL, HOUR, PUSH, SHOP, SMS, Heard, Level, Story, but, day

MINUTE = timedelta(minutes=1)
NOON = day(1, hour=12)
MIDNIGHT = day(2, hour=0)
SENT = (Outcome.SENT, None)
GIFT = "critical-comeback-gift"
FREE = but(SHOP, dispatch={"registry_gap_hours": 0}).model_copy(
    update={"budgets": Budgets(), "volume": Volume(), "blast": Blast()}
)


def under(**limits: object) -> Policy:
    """The shop with these limits and no others."""
    return FREE.model_copy(update=limits)


def warned(
    policy: Policy,
    users: int,
    channels: list[Channel],
    level: Level = Level.CRITICAL,
    at: datetime = NOON,
    tick: timedelta = HOUR,
) -> Story:
    """So many users, over all partitions, are warned of at once."""
    story = Story(policy, tick=tick)
    for number in range(users):
        story.profile(f"user-{number}", at - HOUR, consent=channels)
        story.warned(f"user-{number}", at, level)
    return story


def times(heard: Heard, channel: Channel | None = None) -> Counter[datetime]:
    """How many messages went out, by their moment."""
    return Counter(message.at for message in heard.outbound() if channel in (None, message.channel))


def firsts(heard: Heard, users: int) -> Counter[tuple[Outcome, Reason | None]]:
    """What was decided first about each user."""
    return Counter(heard.ends(f"user-{number}")[0] for number in range(users))


@pytest.mark.requirement("E10")
async def test_a_day_costs_no_more_than_its_budget_and_the_rest_waits_for_midnight() -> None:
    """Ten texts at 0.05 are 0.50, part of one may lie idle in each partition; days are the shop's, nights are quiet."""
    policy = under(budgets=Budgets(zone="Asia/Shanghai", day=0.5))
    story = warned(policy, 25, [SMS])
    story.waits(MIDNIGHT + 34 * HOUR)
    heard = await story.told(cuts=False)
    days = Counter((at - MIDNIGHT) // (24 * HOUR) for at in times(heard).elements())
    assert sum(days.values()) == 25
    assert all(7 <= days[day] <= 10 for day in (-1, 0))
    held = [each for number in range(25) for each in heard.decisions(f"user-{number}") if each.reason]
    assert {each.reason for each in held} == {Reason.BUDGET, Reason.QUIET_HOURS}
    brief = {each.id for each in held if each.earliest and each.earliest <= each.at + MINUTE}
    assert min(each.earliest for each in held if each.earliest and each.id not in brief) == MIDNIGHT


@pytest.mark.requirement("E10", "E11")
async def test_a_text_in_two_segments_costs_two_and_the_budget_knows() -> None:
    """More than 70 characters make two: 0.50 a day pay for five such texts at most, four partitions or not."""
    gift = FREE.templates["comeback_gift"]
    words = Variant(text={"default": "【好物商店】" + "好久不见，" * 13 + "点 {{ link }} 打开领取。拒收请回复R"})
    long = gift.model_copy(update={"channels": {SMS: words}})
    policy = under(budgets=Budgets(zone="Asia/Shanghai", day=0.5), templates={**FREE.templates, "comeback_gift": long})
    heard = await warned(policy, 12, [SMS]).told(cuts=False)
    sent = heard.outbound()
    assert 1 <= len(sent) <= 5
    assert {(message.segments, message.cost) for message in sent} == {(2, 0.1)}
    assert firsts(heard, 12) == {(Outcome.HELD, Reason.BUDGET): 12}


@pytest.mark.requirement("E10")
async def test_a_playbook_has_a_budget_of_its_own_and_what_costs_nothing_goes_on() -> None:
    """0.35 pays for seven texts; the others get the gift by free push, after a moment's wait for a lease."""
    policy = under(budgets=Budgets(day=1000.0, playbooks={GIFT: 0.35}))
    story = warned(policy, 12, [SMS, PUSH])
    story.waits(NOON + MINUTE)
    heard = await story.told(cuts=False)
    assert 4 <= sum(times(heard, SMS).values()) <= 7
    assert sum(times(heard).values()) == 12
    assert {message.playbook for message in heard.outbound()} == {GIFT}
    by_push = [each for number in range(12) for each in heard.decisions(f"user-{number}") if each.channel is PUSH]
    assert {v.reason for each in by_push for v in each.trace if v.channel is SMS and v.reason} == {Reason.BUDGET}


@pytest.mark.requirement("E10", "E13")
async def test_a_burst_within_the_budget_goes_out_on_its_first_channel() -> None:
    """A hundredth is leased ahead, a text in each of four partitions; three times as many wait for their lease."""
    policy = under(budgets=Budgets(day=1000.0, playbooks={GIFT: 5.0}))
    heard = await warned(policy, 12, [SMS, PUSH]).told(cuts=False)
    assert firsts(heard, 12) == {SENT: 4, (Outcome.HELD, Reason.BUDGET): 8}
    assert times(heard, SMS) == {NOON: 12}
    assert not times(heard, PUSH)


@pytest.mark.requirement("E10")
async def test_a_budget_of_nothing_drops_what_costs_and_waits_for_nobody() -> None:
    """0 allows none: a text is never sent, and nobody is kept waiting for one."""
    heard = await warned(under(budgets=Budgets(day=0.0)), 3, [SMS]).told()
    for number in range(3):
        [decision] = heard.decisions(f"user-{number}")
        assert decision.outcome is Outcome.DROPPED
        assert [each.reason for each in decision.trace if each.channel is SMS and each.call is not Call.PASS] == [
            Reason.BUDGET
        ]


@pytest.mark.requirement("E9")
async def test_no_more_go_out_to_all_users_together_than_an_hour_and_a_channel_allow() -> None:
    """Six an hour over all, two of them mails, in rolling windows; whoever waits goes when an hour has passed."""
    policy = under(volume=Volume(hour=6, channels={EMAIL: VolumeCap(hour=2)}))
    story = warned(policy, 9, [PUSH], level=Level.RISK, tick=MINUTE)
    for number in range(20, 25):
        story.profile(f"user-{number}", NOON - HOUR, consent=[EMAIL])
        story.warned(f"user-{number}", NOON + MINUTE, Level.RISK)
    story.waits(NOON + 4 * HOUR)
    heard = await story.told(cuts=False)
    for channel, most in ((None, 6), (EMAIL, 2)):
        at = sorted(times(heard, channel).elements())
        assert all(last - first >= HOUR for first, last in zip(at, at[most:], strict=False))
    assert times(heard)[NOON] == 6
    assert sum(times(heard).values()) == 14, "nobody is lost"


@pytest.mark.requirement("E9")
async def test_who_finds_no_lease_waits_and_goes_as_soon_as_one_comes() -> None:
    """Nothing goes out on trust: first the governor has granted it, then it is sent."""
    heard = await warned(under(volume=Volume(hour=8)), 5, [PUSH], level=Level.RISK).told(cuts=False)
    assert firsts(heard, 5) == {(Outcome.HELD, Reason.VOLUME_CAP): 5}, "so small a cap leaves no reserve to begin with"
    assert times(heard) == {NOON: 5}


RUN = Blast(per_hour=10, factor=3.0, floor=2)


@pytest.mark.requirement("E17")
async def test_a_run_far_above_the_usual_pauses_until_an_operator_releases_it() -> None:
    """Six are three times the usual two; the others wait overnight. Released, it pauses again at the fixed ten."""
    story = warned(under(blast=RUN), 25, [PUSH], level=Level.RISK)
    story.ordered(ControlKind.RELEASE, "blast", NOON + 20 * HOUR)
    story.waits(NOON + 30 * HOUR)
    heard = await story.told(cuts=False)
    assert times(heard) == {NOON: 6, NOON + 20 * HOUR: 10}
    assert firsts(heard, 25) == {(Outcome.HELD, Reason.BLAST_RADIUS): 25}


@pytest.mark.requirement("E17")
async def test_a_run_may_go_on_by_itself_where_the_policy_says_so() -> None:
    """Nobody is asked; an hour later the next ones go, and more: the usual hour is learned from the last."""
    story = warned(under(blast=RUN.model_copy(update={"resumes": True})), 30, [PUSH], level=Level.RISK, tick=MINUTE)
    story.waits(NOON + 6 * HOUR)
    heard = await story.told(cuts=False)
    at = sorted(times(heard).elements())
    assert times(heard)[NOON] == 6, "three times the floor of two"
    assert len(at) == 30
    assert all(last - first >= HOUR for first, last in zip(at, at[10:], strict=False)), "per_hour holds all the same"
    assert any(last - first < HOUR for first, last in zip(at, at[6:], strict=False)), "it has learned"
