"""From an app's event to what may be sent to its user (A5, E3-E5, E7-E9, E14)."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.policy import Cap, QuietHours
from schemas.profile import OwnQuietHours, Profile
from schemas.sign import Sign, SignKind
from streams.role import fact_of
from tests.flow.story import COMPLAINT, HOUR, PUSH, SHOP, SMS, WECHAT, FeedbackKind, Heard, Level, Story, but, day

SENT, HELD, DROPPED = Outcome.SENT, Outcome.HELD, Outcome.DROPPED
NOON = day(1, hour=12)
MINUTE = timedelta(minutes=1)
ALONE = but(SHOP, dispatch={"registry_gap_hours": 0})  # our own rules only: nobody else of the company writes
NEAR = ALONE.model_copy(update={"playbooks": SHOP.playbooks[1:]})  # and no care: promotions alone
SETTLED, REMOVED, OUT, IN = "ticket.resolved", "app.uninstalled", "marketing.opted_out", "marketing.opted_in"


def introduce(story: Story, user: str, *channels: Channel, **more: Any) -> None:
    """A profile a day before, with consent for these channels and more fields."""
    profile = Profile(
        user_id=user, time=NOON - 24 * HOUR, consent=dict.fromkeys(channels, True), reachable=channels, **more
    )
    fact, at = fact_of(profile), int((NOON - 24 * HOUR).timestamp() * 1000)
    story.does(NOON - 24 * HOUR, lambda driver: driver.send(fact.topic, fact.key, fact.value, at))


def signs(heard: Heard, user: str) -> list[tuple[SignKind, int | None]]:
    return [(each.kind, each.open_complaints) for each in heard.driver.messages(Sign) if each.user_id == user]


@pytest.mark.requirement("E5")
async def test_a_person_looks_after_the_unhappy_and_nobody_else() -> None:
    """Ann has an open complaint, Bob's was settled, Cid never complained; all three are at risk."""
    story = Story(ALONE)
    for user in ("ann", "bob", "cid"):
        introduce(story, user, PUSH, Channel.WECOM)
        story.event(user, NOON - 3 * HOUR)
        story.warned(user, NOON)
    for user in ("ann", "bob"):
        story.event(user, NOON - 2 * HOUR, COMPLAINT, complaint="late parcel")
    story.event("bob", NOON - HOUR, SETTLED, complaint="late parcel")
    heard = await story.told()
    sent = {user: [(each.playbook, each.channel) for each in heard.outbound(user)] for user in ("ann", "bob", "cid")}
    care = [("unhappy-personal-care", Channel.WECOM)]
    assert sent == {"ann": care, "bob": care, "cid": [("risk-whats-new", PUSH)]}, "the complaint itself is the warning"
    assert signs(heard, "bob") == [(SignKind.COMPLAINT_OPENED, 1), (SignKind.COMPLAINT_RESOLVED, 0)]
    assert signs(heard, "cid") == []


@pytest.mark.requirement("E5", "E14")
async def test_a_promotion_waits_for_the_end_of_the_complaint() -> None:
    """Where nobody cares, the shock's own warning is held; settled after five hours, it leaves at that moment."""
    story = Story(NEAR)
    for user in ("ann", "bob"):
        introduce(story, user, PUSH)
        story.event(user, NOON - HOUR)
        story.event(user, NOON, COMPLAINT, complaint="late parcel")
    story.event("ann", NOON + 5 * HOUR, SETTLED, complaint="late parcel")
    story.waits(NOON + 80 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [(HELD, Reason.UNHAPPY), (SENT, None)]
    assert [message.at for message in heard.outbound("ann")] == [NOON + 5 * HOUR]
    assert heard.ends("bob") == [(HELD, Reason.UNHAPPY), (DROPPED, Reason.EXPIRED)]


@pytest.mark.requirement("E5")
async def test_a_complaint_that_opens_while_a_promotion_waits_is_seen() -> None:
    """Held for the night, unhappy in the morning: care takes the place of the promotion, and none goes out at eight."""
    story = Story(NEAR)
    introduce(story, "ann", SMS)
    story.event("ann", NOON)
    story.warned("ann", NOON + 11 * HOUR, Level.CRITICAL)
    story.event("ann", NOON + 15 * HOUR, COMPLAINT)
    story.waits(NOON + 24 * HOUR)
    heard = await story.told()
    assert heard.ends("ann")[:2] == [(HELD, Reason.QUIET_HOURS), (DROPPED, Reason.REPLACED)]
    assert heard.outbound("ann") == []


@pytest.mark.requirement("E4")
async def test_no_push_to_a_removed_app_until_it_is_used_again() -> None:
    """Ann has removed it, Bob uses it again; a visit to the web site, another source, brings nothing back."""
    story = Story(ALONE)
    for user in ("ann", "bob"):
        introduce(story, user, PUSH, WECHAT)
        story.event(user, NOON - 5 * HOUR)
        story.event(user, NOON - 4 * HOUR, REMOVED)
        story.warned(user, NOON)
    web = b'{"id":"w1","source":"web","type":"site.visited","time":"%s","user_id":"ann"}'
    story.record(NOON - HOUR, b"ann", web % (NOON - HOUR).isoformat().encode())
    story.event("bob", NOON - HOUR)
    heard = await story.told()
    assert [message.channel for message in heard.outbound("ann")] == [WECHAT]
    assert [message.channel for message in heard.outbound("bob")] == [PUSH]
    assert signs(heard, "ann") == [(SignKind.UNINSTALLED, None)]
    assert signs(heard, "bob") == [(SignKind.UNINSTALLED, None), (SignKind.USED_AGAIN, None)]


@pytest.mark.requirement("E3", "A5")
async def test_of_profile_and_the_users_own_word_the_newer_holds() -> None:
    """Each channel for itself, by the time of the event, however late and in whatever order it comes."""
    story = Story(ALONE)
    for user in ("ann", "bob", "cid", "dan"):
        introduce(story, user, PUSH, WECHAT)
        story.warned(user, NOON)
    story.event("ann", NOON - HOUR, OUT, channel="push")
    story.event("bob", NOON - 26 * HOUR, OUT, channel="push")
    story.event("cid", NOON - HOUR, OUT)
    story.event("dan", NOON - HOUR, IN, channel="push")
    story.event("dan", NOON - 2 * HOUR, OUT)
    heard = await story.told()
    assert [message.channel for message in heard.outbound("ann")] == [WECHAT]
    assert [message.channel for message in heard.outbound("bob")] == [PUSH], "the profile is newer"
    assert heard.ends("cid") == [(DROPPED, Reason.NO_CONSENT)]
    assert [message.channel for message in heard.outbound("dan")] == [PUSH]


@pytest.mark.requirement("E7", "F1")
async def test_silence_after_a_complaint_about_a_message() -> None:
    """For 180 days nothing is sent, on no channel, to whoever complained of one; then again."""
    story = Story(but(ALONE, dispatch={"registry_gap_hours": 0, "return_cooldown_days": 0}), tick=timedelta(days=30))
    introduce(story, "ann", PUSH, WECHAT)
    story.warned("ann", NOON)
    story.feedback(FeedbackKind.COMPLAINED, "ann", NOON + HOUR)
    for silence, after in ((1, timedelta(days=179)), (2, timedelta(days=180, hours=1))):
        story.warned("ann", NOON + after - 2 * HOUR, Level.RECOVERED, silence=silence - 1)
        story.warned("ann", NOON + after, silence=silence)
    heard = await story.told()
    assert heard.ends("ann") == [
        (SENT, None), (HELD, Reason.SILENCED), (DROPPED, Reason.OVERTAKEN), (SENT, None)
    ]  # fmt: skip
    assert [message.at for message in heard.outbound("ann")] == [NOON, NOON + timedelta(days=180, hours=1)]


@pytest.mark.requirement("E7", "A5")
async def test_silence_as_the_user_chose() -> None:
    """A short one is waited out, one that outlasts the message drops it."""
    story = Story(ALONE)
    introduce(story, "ann", PUSH, silent_until=NOON + 10 * HOUR)
    introduce(story, "bob", PUSH, silent_until=NOON + 100 * HOUR)
    for user in ("ann", "bob"):
        story.warned(user, NOON)
    story.waits(NOON + 12 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [(HELD, Reason.SILENCED), (SENT, None)]
    assert heard.outbound("ann")[0].at >= NOON + 10 * HOUR
    assert heard.ends("bob") == [(DROPPED, Reason.SILENCED)]


@pytest.mark.requirement("E8", "A5", "E14")
async def test_quiet_hours_are_those_of_the_users_own_clock() -> None:
    """Noon in Shanghai is five in Berlin; Bob lives in no zone that anybody knows, Cid sleeps over lunch."""
    story = Story(ALONE, tick=HOUR)
    introduce(story, "ann", SMS, zone="Europe/Berlin")
    introduce(story, "bob", SMS, zone="Mars/Base")
    introduce(story, "cid", SMS, quiet_hours=OwnQuietHours(start="11:30", end="13:30"))
    for user in ("ann", "bob", "cid"):
        story.warned(user, NOON, Level.CRITICAL)
    story.waits(NOON + 20 * HOUR)
    heard = await story.told()
    sent = {user: [message.at - NOON for message in heard.outbound(user)] for user in ("ann", "bob", "cid")}
    assert sent == {"ann": [3 * HOUR], "bob": [0 * HOUR], "cid": [2 * HOUR]}
    assert heard.decisions("ann")[0].earliest == NOON + 3 * HOUR
    assert heard.decisions("cid")[0].earliest == NOON + 1.5 * HOUR


@pytest.mark.requirement("E8")
async def test_the_first_rule_that_fits_holds() -> None:
    """On Mondays in Asia calls and SMS may go out in the evening alone."""
    monday = QuietHours(channels=(SMS,), zones=("Asia/*",), weekdays=("mon",), allowed_from="18:00", allowed_to="20:00")
    story = Story(ALONE.model_copy(update={"quiet_hours": (monday, *SHOP.quiet_hours)}), tick=HOUR)
    for user, days in (("ann", 0), ("bob", 1)):
        introduce(story, user, SMS)
        story.warned(user, day(7 + days, hour=12), Level.CRITICAL)
    story.waits(day(9))
    heard = await story.told()
    assert [message.at for message in heard.outbound("ann")] == [day(7, hour=18)]
    assert [message.at for message in heard.outbound("bob")] == [day(8, hour=12)]


@pytest.mark.requirement("E9", "E14")
async def test_caps_count_by_class_calendar_and_feedback_and_keep_a_gap() -> None:
    """One that arrived a calendar day, and three hours between two: the trace says which, how many, until when."""
    caps = (
        Cap(name="arrived-a-day", count=1, days=1, counts="delivered"),
        Cap(name="breath", channels=(PUSH,), gap_hours=3),
    )
    free = but(ALONE, dispatch={"registry_gap_hours": 0, "return_cooldown_days": 0}).model_copy(update={"caps": caps})
    story = Story(free, tick=HOUR)
    introduce(story, "ann", PUSH)
    for silence, after in enumerate((0, 1, 5)):
        story.warned("ann", NOON + after * HOUR, silence=silence)
    for silence, after in enumerate((0.5, 3.5)):
        story.warned("ann", NOON + after * HOUR, Level.RECOVERED, silence=silence)
    story.feedback(FeedbackKind.DELIVERED, "ann", NOON + 4 * HOUR)
    story.waits(NOON + 13 * HOUR)
    heard = await story.told()
    assert [(message.at - NOON) / HOUR for message in heard.outbound("ann")] == [0, 3, 12]
    assert heard.ends("ann")[1:4] == [(HELD, Reason.MINIMUM_GAP), (SENT, None), (HELD, Reason.FREQUENCY_CAP)]
    gap, full = heard.decisions("ann")[1], heard.decisions("ann")[3]
    assert (gap.earliest, full.earliest) == (NOON + 3 * HOUR, day(2, hour=0))
    details = {verdict.detail for verdict in full.trace if verdict.reason is Reason.FREQUENCY_CAP}
    assert details == {"arrived-a-day: 1 in 1 days, at most 1"}, "on every channel that was tried"
