"""The breaker of a channel, from feedback to the messages that do not go out (E12)."""

from datetime import datetime, timedelta

import pytest

from schemas import topics
from schemas.breaker import BreakerState
from schemas.control import ControlKind
from schemas.decision import Outcome, Reason
from schemas.message_class import MessageClass
from schemas.sign import Sign, SignKind
from tests.flow.story import PUSH, SHOP, WECHAT, FeedbackKind, Heard, Level, Story, but, day

MINUTE = timedelta(minutes=1)
NOON = day(1, hour=12)
POLICY = but(
    SHOP,
    breaker={"min_sends": 20, "window_minutes": 10, "open_minutes": 30, "probes": 5},
    dispatch={"registry_gap_hours": 0},
)
STORM = [f"storm-{number}" for number in range(25)]
LATER = [f"later-{number}" for number in range(40)]
CLOSED, DEGRADED = BreakerState.CLOSED, BreakerState.DEGRADED
OPEN, HALF_OPEN = BreakerState.OPEN, BreakerState.HALF_OPEN


def storm(kind: FeedbackKind, reports: int) -> Story:
    """At noon 25 are written to; a minute later this many reports come; at 12:05 another 40 are warned of."""
    story = Story(POLICY, tick=MINUTE)
    for user in [*STORM, *LATER]:
        story.profile(user, NOON - MINUTE, consent=[PUSH])
        story.warned(user, NOON if user in STORM else NOON + 5 * MINUTE)
    for user in STORM[:reports]:
        story.feedback(kind, user, NOON + MINUTE)
    return story


def first_probe(heard: Heard) -> str:
    return next(message.user_id for message in heard.outbound() if message.user_id in LATER)


def states(heard: Heard) -> list[tuple[BreakerState, datetime]]:
    return [(breaker.state, breaker.since) for breaker in heard.breakers(PUSH)]


def sent_between(heard: Heard, start: datetime, end: datetime) -> list[str]:
    return [message.user_id for message in heard.outbound() if start <= message.at < end]


@pytest.mark.requirement("E12", "F1")
async def test_a_storm_of_complaints_opens_the_channel_probes_try_it_and_it_closes() -> None:
    """Held while open, five probes in all after half an hour, and the rest once they came back well."""
    story = storm(FeedbackKind.COMPLAINED, reports=1)
    story.waits(NOON + 90 * MINUTE)
    heard = await story.told(cuts=False)
    [begun, opened, half, closed] = states(heard)
    assert (begun[0], opened[0], half[0], closed[0]) == (CLOSED, OPEN, HALF_OPEN, CLOSED)
    assert NOON + MINUTE <= opened[1] <= NOON + 3 * MINUTE, "within a couple of ticks"
    assert half[1] == opened[1] + 30 * MINUTE
    assert sorted(sent_between(heard, NOON, opened[1])) == sorted(STORM)
    assert sent_between(heard, opened[1], half[1]) == []
    assert len(sent_between(heard, half[1], closed[1])) == 5
    assert sorted(message.user_id for message in heard.outbound()) == sorted(STORM + LATER), "nobody is lost or doubled"
    assert {heard.ends(user)[0] for user in LATER} == {(Outcome.HELD, Reason.BREAKER_OPEN)}


@pytest.mark.requirement("E12")
async def test_a_complaint_about_a_probe_opens_the_channel_again() -> None:
    """One bad probe of five is enough; the rest waits through another half hour and another round."""
    story = storm(FeedbackKind.COMPLAINED, reports=1)

    story.feedback(FeedbackKind.COMPLAINED, first_probe, NOON + 36 * MINUTE)
    story.profile("ann", NOON, consent=[PUSH])
    story.warned("ann", NOON + 35 * MINUTE)
    story.waits(NOON + 60 * MINUTE)
    heard = await story.told(cuts=False)
    assert [state for state, _since in states(heard)] == [CLOSED, OPEN, HALF_OPEN, OPEN]
    assert len(sent_between(heard, NOON + 5 * MINUTE, NOON + 60 * MINUTE)) == 5
    assert heard.ends("ann")[0] == (Outcome.HELD, Reason.NO_PROBE)
    granted = {lease.partition: lease.granted for lease in heard.leases if lease.round == 1}
    assert sum(granted.values()) == 5, "the newest lease of a partition is its total"


@pytest.mark.requirement("E12")
@pytest.mark.parametrize(("failures", "state"), [(1, CLOSED), (3, DEGRADED), (4, OPEN)])
async def test_failures_degrade_and_open_the_channel_at_their_own_ratios(failures: int, state: BreakerState) -> None:
    """Of 25 sends 4 % pass, 12 % are over 5 % and degrade, 16 % are over 15 % and open; a report counts once."""
    story = storm(FeedbackKind.FAILED, reports=failures)
    for user in STORM[:failures]:
        story.feedback(FeedbackKind.FAILED, user, NOON + 2 * MINUTE)
    story.waits(NOON + 8 * MINUTE)
    heard = await story.told(cuts=False)
    assert heard.breakers(PUSH)[-1].state is state
    assert (sent_between(heard, NOON + 5 * MINUTE, NOON + 9 * MINUTE) == []) is (state is not CLOSED)


@pytest.mark.requirement("E12")
async def test_degraded_promotions_go_to_the_next_channel_and_care_goes_on_until_all_is_calm() -> None:
    """Three failures of 25 degrade push: a promotion goes by WeChat, what an unhappy user gets by push as before."""
    fits = [each for each in SHOP.playbooks if each.answers(Level.RISK, "default")]
    promotion = next(each for each in fits if each.message_class is MessageClass.PROMOTION)
    care = next(each for each in fits if each.message_class is MessageClass.CARE)
    by_push = care.model_copy(update={"channels": (PUSH,)})
    story = Story(POLICY.model_copy(update={"playbooks": (promotion, by_push)}), tick=MINUTE)
    for user in STORM:
        story.profile(user, NOON - MINUTE, consent=[PUSH])
        story.warned(user, NOON)
    for user in STORM[:3]:
        story.feedback(FeedbackKind.FAILED, user, NOON + MINUTE)
    for user in ("ann", "bob", "eve"):
        story.profile(user, NOON - MINUTE, consent=[PUSH] if user == "eve" else [PUSH, WECHAT])
    complaint = Sign(
        id="s1", kind=SignKind.COMPLAINT_OPENED, user_id="bob", product="default", source="shop", event="t1",
        at=NOON - MINUTE, open_complaints=1, policy_hash=POLICY.hash,
    )  # fmt: skip
    when = int(complaint.at.timestamp() * 1000)
    story.does(complaint.at, lambda driver: driver.send(topics.SIGNS, b"bob", complaint.encode(), when))
    for user in ("ann", "bob", "eve"):
        story.warned(user, NOON + 5 * MINUTE)
    story.waits(NOON + 40 * MINUTE)
    heard = await story.told(cuts=False)
    [begun, degraded, closed] = states(heard)
    assert (begun[0], degraded[0], closed[0]) == (CLOSED, DEGRADED, CLOSED)
    assert closed[1] >= degraded[1] + POLICY.breaker.clear_minutes * MINUTE
    assert [message.channel for message in heard.outbound("ann")] == [WECHAT]
    assert [(message.channel, message.playbook) for message in heard.outbound("bob")] == [(PUSH, care.name)]
    assert heard.ends("eve") == [(Outcome.HELD, Reason.BREAKER_DEGRADED), (Outcome.SENT, None)]
    assert heard.decisions("eve")[-1].at == closed[1], "woken by the governor's word"


@pytest.mark.requirement("E12")
async def test_in_shadow_it_says_what_it_would_do_and_holds_nothing() -> None:
    """The storm that opens a channel passes; the topic says that it would have."""
    story = storm(FeedbackKind.COMPLAINED, reports=5)
    story.ordered(ControlKind.BREAKER, PUSH, NOON - MINUTE, value="shadow")
    story.waits(NOON + 20 * MINUTE)
    heard = await story.told(cuts=False)
    assert {breaker.state for breaker in heard.breakers(PUSH)} == {CLOSED, BreakerState.SHADOW}
    assert heard.breakers(PUSH)[-1].would is OPEN
    assert len(sent_between(heard, NOON + 5 * MINUTE, NOON + 6 * MINUTE)) == len(LATER)
