"""What operators order, and what then reaches users: in any order, over restarts, at once (E2, G6)."""

from datetime import timedelta

import pytest

from schemas import topics
from schemas.control import ControlKind
from schemas.decision import Outcome, Reason
from tests.flow.story import HOUR, PUSH, SHOP, WECHAT, Level, Story, but, day

SUPPRESS, SILENCE, PAUSE, BREAKER = ControlKind.SUPPRESS, ControlKind.SILENCE, ControlKind.PAUSE, ControlKind.BREAKER
SENT, HELD, DROPPED = Outcome.SENT, Outcome.HELD, Outcome.DROPPED
GONE, PAUSED = (DROPPED, Reason.SUPPRESSED), (HELD, Reason.PLAYBOOK_PAUSED)
NOON = day(1, hour=12)
ALONE = but(SHOP, dispatch={"registry_gap_hours": 0})
RISK, CRITICAL = "risk-whats-new", "critical-comeback-gift"


def known(*users: str) -> Story:
    """Everybody may be reached by push and WeChat; nobody else of the company writes."""
    story = Story(ALONE)
    for user in users:
        story.profile(user, day(0), consent=[PUSH, WECHAT])
    return story


@pytest.mark.requirement("E2", "G6")
async def test_a_suppressed_user_gets_nothing_and_everybody_else_what_he_would_have_got() -> None:
    """From the first event to the last topic: he is watched and warned of like Bob, and nothing goes out to him."""
    story = known("ann", "bob")
    for user in ("ann", "bob"):
        story.lives(user, range(20))
    story.crowd(range(46))
    story.ordered(SUPPRESS, "ann", day(10))
    heard = await story.told()
    assert [each.level for each in heard.warnings("ann")] == [each.level for each in heard.warnings("bob")]
    assert set(heard.ends("ann")) == {GONE}
    assert heard.outbound("ann") == []
    assert heard.ends("bob")[0] == (SENT, None)


@pytest.mark.requirement("E2", "G6")
async def test_what_was_held_for_a_suppressed_user_is_dropped_at_once() -> None:
    """Nobody waits for the end of the hold to be told so; lifting the pause that held him brings nothing back."""
    story = known("ann")
    story.ordered(PAUSE, "*", NOON - HOUR)
    story.warned("ann", NOON)
    story.ordered(SUPPRESS, "ann", NOON + HOUR)
    story.lifted(PAUSE, "*", NOON + 2 * HOUR)
    story.waits(NOON + 100 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [PAUSED, GONE]
    assert heard.decisions("ann")[-1].at == NOON + HOUR
    assert heard.outbound() == []


@pytest.mark.requirement("E2", "G6")
async def test_a_suppression_ends_at_its_time_or_when_it_is_lifted_and_not_before() -> None:
    """Ann's ends by itself, Bob's by an operator, Carl's is said anew for ever before it ends."""
    story = known("ann", "bob", "carl")
    for user in ("ann", "bob", "carl"):
        story.ordered(SUPPRESS, user, NOON, until=NOON + 24 * HOUR)
    story.lifted(SUPPRESS, "bob", NOON + 5 * HOUR)
    story.ordered(SUPPRESS, "carl", NOON + 5 * HOUR)
    for hours, silence in ((4, 0), (6, 1), (25, 2)):
        for user in ("ann", "bob", "carl"):
            story.warned(user, NOON + hours * HOUR, silence=silence)
    heard = await story.told()
    ends = {user: [outcome for outcome, _reason in heard.ends(user)] for user in ("ann", "bob", "carl")}
    assert ends["ann"] == [DROPPED, DROPPED, SENT]
    assert ends["bob"][:2] == [DROPPED, SENT]
    assert ends["carl"] == [DROPPED, DROPPED, DROPPED]


@pytest.mark.requirement("G6")
async def test_a_paused_playbook_waits_and_goes_on_when_it_is_lifted_while_others_go_on_all_the_time() -> None:
    """Everybody who waited is judged in the moment of the lifting, not at the end of his hold."""
    users = ["ann", "bob", "carl"]
    story = known(*users)
    story.ordered(PAUSE, RISK, NOON - HOUR)
    for minute, user in enumerate(users):
        story.warned(user, NOON + timedelta(minutes=minute), Level.CRITICAL if user == "carl" else Level.RISK)
    story.lifted(PAUSE, RISK, NOON + 3 * HOUR)
    heard = await story.told()
    for user in ("ann", "bob"):
        assert heard.ends(user) == [PAUSED, (SENT, None)]
        [message] = heard.outbound(user)
        assert (message.at, message.playbook) == (NOON + 3 * HOUR, RISK)
    assert heard.ends("carl") == [(SENT, None)]
    assert heard.outbound("carl")[0].playbook == CRITICAL


@pytest.mark.requirement("G6", "E14")
async def test_a_pause_ends_by_itself_and_who_waits_too_long_expires() -> None:
    """All playbooks for two hours; then one without an end."""
    story = known("ann", "bob")
    story.ordered(PAUSE, "*", NOON, until=NOON + 2 * HOUR)
    story.warned("ann", NOON + HOUR)
    story.waits(NOON + 2 * HOUR)
    story.ordered(PAUSE, RISK, NOON + 3 * HOUR)
    story.warned("bob", NOON + 4 * HOUR)
    story.waits(NOON + 80 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [PAUSED, (SENT, None)]
    assert heard.outbound("ann")[0].at == NOON + 2 * HOUR
    assert heard.ends("bob") == [PAUSED, (DROPPED, Reason.EXPIRED)]
    assert heard.decisions("bob")[-1].at == NOON + 76 * HOUR


@pytest.mark.requirement("G6")
async def test_records_that_are_no_words_stop_nobody_and_leave_what_stands() -> None:
    """Whatever somebody writes to the operators' topic, warnings are answered, and who was suppressed stays so."""
    story = known("ann", "bob")
    story.ordered(SUPPRESS, "ann", NOON - HOUR)
    no_words = ((b"suppress/ann", b"{"), (b"breaker/push", b"[]"), (b"\xff", b"\xff"), (None, b"{}"), (b"x/y", None))
    for key, value in no_words:
        story.does(NOON, lambda driver, key=key, value=value: driver.send(topics.CONTROL, key, value, 0))
    for user in ("ann", "bob"):
        story.warned(user, NOON + HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [GONE]
    assert heard.ends("bob") == [(SENT, None)]


@pytest.mark.requirement("G6", "E12")
@pytest.mark.parametrize("ends", ["lifted", "auto", "by itself"])
async def test_a_channel_that_an_operator_forces_open_sends_nothing_until_the_order_ends(ends: str) -> None:
    """Ann can be reached by nothing else and waits until it ends, and no longer; Bob's message goes by WeChat."""
    story = known("bob")
    story.profile("ann", day(0), consent=[PUSH])
    end = NOON + 3 * HOUR
    story.ordered(BREAKER, PUSH, NOON, value="forced_open", until=end if ends == "by itself" else None)
    for user in ("ann", "bob"):
        story.warned(user, NOON + HOUR)
    if ends == "lifted":
        story.lifted(BREAKER, PUSH, end)
    elif ends == "auto":
        story.ordered(BREAKER, PUSH, end, value="auto")
    story.waits(end)
    story.waits(end + HOUR)
    heard = await story.told()
    [*waits, last] = heard.ends("ann")
    assert (set(waits), last) == ({(HELD, Reason.BREAKER_OPEN)}, (SENT, None))
    assert heard.decisions("ann")[-1].at == end
    assert [each.channel for each in heard.outbound("bob")] == [WECHAT]
    assert [each.state for each in heard.breakers(PUSH)] == ["closed", "forced_open", "closed"]


@pytest.mark.requirement("G6", "E7")
async def test_an_operators_silence_drops_what_would_come_too_late_and_holds_what_would_not() -> None:
    """A long one drops at once what waited; a short one lets it wait until its end, or until it is lifted."""
    story = known("ann", "bob", "carl")
    story.ordered(PAUSE, "*", NOON - HOUR)
    for user in ("ann", "bob", "carl"):
        story.warned(user, NOON)
    story.ordered(SILENCE, "ann", NOON + HOUR, until=NOON + 1_000 * HOUR)
    story.ordered(SILENCE, "bob", NOON + HOUR, until=NOON + 5 * HOUR)
    story.ordered(SILENCE, "carl", NOON + HOUR, until=NOON + 5 * HOUR)
    story.lifted(PAUSE, "*", NOON + 2 * HOUR)
    story.lifted(SILENCE, "carl", NOON + 3 * HOUR)
    story.waits(NOON + 5 * HOUR)
    heard = await story.told()
    silenced = Reason.SILENCED
    assert heard.ends("ann") == [PAUSED, (DROPPED, silenced)]
    assert heard.ends("bob") == [PAUSED, (HELD, silenced), (SENT, None)]
    assert heard.ends("carl") == [PAUSED, (HELD, silenced), (SENT, None)]
    assert [heard.decisions(user)[-1].at - NOON for user in ("ann", "bob", "carl")] == [HOUR, 5 * HOUR, 3 * HOUR]
