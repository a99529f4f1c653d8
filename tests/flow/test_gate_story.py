"""From a warning to a message, or to the reason why there is none (E1, E3-E6, E9, E14, F1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from agents.board import MemoryBoard
from schemas import topics
from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from streams.board import BoardQuestion, BoardView
from tests.flow.story import EMAIL, HOUR, PUSH, SHOP, SMS, WECHAT, FeedbackKind, Level, Story, but, day

SENT, HELD, DROPPED = Outcome.SENT, Outcome.HELD, Outcome.DROPPED
NOON = day(1, hour=12)
ALONE = but(SHOP, dispatch={"registry_gap_hours": 0})  # our own caps only: nobody else of the company writes


class Away(MemoryBoard):
    """A board that cannot be reached."""

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        view = await super().look(question, now)
        return view._replace(reachable=False, contacted={})


class Elsewhere(MemoryBoard):
    """A board on which another system has written that it contacted everybody at noon."""

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        view = await super().look(question, now)
        return view._replace(contacted=dict.fromkeys(question.users, NOON) | view.contacted)


def silent(story: Story, products: Sequence[str] = ("default",), until: int = 35) -> None:
    """Ann visits for twenty days and falls silent, in one product or in several; others move time on."""
    for product in products:
        story.lives("ann", range(20), product=product)
        story.crowd(range(until), product=product)


@pytest.mark.requirement("E1")
async def test_a_user_who_came_back_is_not_called_back() -> None:
    """The message waits for the registry; the visit makes it overtaken at once, and nothing is ever sent."""
    story = Story(but(SHOP, dispatch={"registry_hold_minutes": 10_080}), board=Away)
    story.profile("ann", day(0), consent=[PUSH])
    silent(story)
    story.lives("ann", [31])
    heard = await story.told()
    assert set(heard.ends("ann")[:-1]) == {(HELD, Reason.REGISTRY_UNKNOWN)}
    assert heard.ends("ann")[-1] == (DROPPED, Reason.OVERTAKEN)
    assert heard.decisions("ann")[-1].at == day(31)
    assert heard.outbound("ann") == []


@pytest.mark.requirement("E1", "E14")
async def test_a_message_that_waited_too_long_expires_rather_than_arrive_absurdly() -> None:
    """After 72 hours it is dropped, at the first look from then on."""
    story = Story(but(SHOP, dispatch={"registry_hold_minutes": 10_080}), board=Away)
    story.profile("ann", NOON, consent=[PUSH])
    story.warned("ann", NOON)
    story.waits(NOON + 80 * HOUR)
    heard = await story.told()
    last = heard.decisions("ann")[-1]
    assert (last.outcome, last.reason, last.at) == (DROPPED, Reason.EXPIRED, NOON + 72 * HOUR)
    assert last.expires == NOON + 72 * HOUR
    assert heard.outbound() == []


@pytest.mark.requirement("E3", "A5")
@pytest.mark.parametrize("consent", [None, [], [SMS]], ids=["no profile", "no consent", "consent for another channel"])
async def test_nothing_is_sent_without_consent(consent: list[Channel] | None) -> None:
    """No profile is no consent; and consent for SMS is none for the push, WeChat and mail of this playbook."""
    story = Story()
    silent(story)
    if consent is not None:
        story.profile("ann", day(0), consent=consent)
    story.waits(day(32))
    heard = await story.told()
    assert heard.ends("ann")[0] == (DROPPED, Reason.NO_CONSENT)
    assert heard.outbound("ann") == []


@pytest.mark.requirement("E3")
async def test_consent_withdrawn_in_the_same_moment_counts() -> None:
    """A profile that comes with the warning is read first; and a deleted profile is no consent any more."""
    story = Story()
    for user in ("ann", "bob"):
        story.profile(user, NOON - HOUR, consent=[PUSH, WECHAT, EMAIL])
        story.warned(user, NOON)
    story.profile("ann", NOON, consent=[])
    at_noon = int(NOON.timestamp() * 1000)
    story.does(NOON, lambda driver: driver.send(topics.PROFILES, b"bob", None, at_noon))
    heard = await story.told()
    assert heard.ends("ann") == heard.ends("bob") == [(DROPPED, Reason.NO_CONSENT)]


@pytest.mark.requirement("E4")
async def test_the_next_channel_is_tried_where_one_does_not_lead_to_the_user() -> None:
    """The app is removed: no push, but WeChat, which has consent of its own; one message only."""
    story = Story()
    story.profile("ann", NOON, consent=[PUSH, WECHAT], reachable=[WECHAT, EMAIL])
    story.warned("ann", NOON)
    heard = await story.told()
    assert [message.channel for message in heard.outbound("ann")] == [WECHAT]
    [decision] = heard.decisions("ann")
    assert [(v.stage, v.reason) for v in decision.trace if v.channel is PUSH and v.reason] == [
        ("reachable", Reason.UNREACHABLE)
    ]


@pytest.mark.requirement("E6")
async def test_one_recall_over_two_products_two_levels_and_a_message_that_failed_too_late() -> None:
    """Silent in two products, at risk and then critical in both, and the failure told after expiry: one message."""
    story = Story()
    story.profile("ann", day(0), consent=[PUSH, WECHAT, SMS, EMAIL])
    silent(story, products=("default", "grocery"), until=45)
    story.feedback(FeedbackKind.FAILED, "ann", day(29))
    heard = await story.told()
    assert len(heard.warnings("ann")) == 4
    assert [message.product for message in heard.outbound("ann")] == ["grocery"], "the first warning"
    duplicate = (DROPPED, Reason.DUPLICATE)
    assert heard.ends("ann") == [(SENT, None), duplicate, (DROPPED, Reason.EXPIRED), duplicate, duplicate]


@pytest.mark.requirement("E6")
async def test_a_new_silence_after_the_cool_down_is_a_new_recall() -> None:
    """Back on day 31 and left alone for 28 days; a silence of that time is dropped, a later one is answered."""
    story = Story()
    story.profile("ann", day(0), consent=[PUSH])
    story.lives("ann", [*range(20), *range(31, 60)])
    story.crowd(range(90))
    heard = await story.told()
    first, second = heard.outbound("ann")
    assert first.recall != second.recall
    assert first.id != second.id
    assert second.at - day(31) >= timedelta(days=28)


@pytest.mark.requirement("E9", "E14")
async def test_caps_hold_a_message_until_the_window_lets_it_pass() -> None:
    """One push in 24 hours, three messages in 168; the fourth waits days and leaves in the very hour it may."""
    story = Story(but(ALONE, dispatch={"registry_gap_hours": 0, "return_cooldown_days": 0}))
    story.profile("ann", NOON, consent=[PUSH])
    for silence, (warned, back) in enumerate([(0, 1), (2, 30), (40, 60), (100, 180)]):
        story.warned("ann", NOON + warned * HOUR, silence=silence)
        story.warned("ann", NOON + back * HOUR, Level.RECOVERED, silence=silence)
    heard = await story.told()
    assert [(message.at - NOON) / HOUR for message in heard.outbound("ann")] == [0, 24, 48, 168]
    assert heard.ends("ann") == [
        (SENT, None),
        (HELD, Reason.FREQUENCY_CAP), (SENT, None),
        (HELD, Reason.FREQUENCY_CAP), (SENT, None),
        (HELD, Reason.FREQUENCY_CAP), (SENT, None),
    ]  # fmt: skip


@pytest.mark.requirement("E9", "E14")
async def test_a_contact_by_another_system_counts_for_the_gap() -> None:
    """Somebody else wrote to the user at noon; ours leaves a day after that, and says so before."""
    story = Story(board=Elsewhere)
    story.profile("ann", NOON, consent=[PUSH])
    story.warned("ann", NOON + HOUR)
    story.waits(NOON + 30 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [(HELD, Reason.RECENTLY_CONTACTED), (SENT, None)]
    assert heard.decisions("ann")[0].earliest == heard.outbound("ann")[0].at == NOON + 24 * HOUR


@pytest.mark.requirement("E14")
async def test_while_the_board_is_away_messages_wait_an_hour_for_it_and_then_go_on() -> None:
    """The policy's limit: not sent before, not held after."""
    story = Story(board=Away, tick=timedelta(minutes=1))
    story.profile("ann", NOON, consent=[PUSH])
    story.warned("ann", NOON)
    story.waits(NOON + 2 * HOUR)
    heard = await story.told()
    assert [message.at for message in heard.outbound("ann")] == [NOON + HOUR]
    assert set(heard.ends("ann")[:-1]) == {(HELD, Reason.REGISTRY_UNKNOWN)}


@pytest.mark.requirement("F1", "E3")
async def test_whoever_unsubscribes_is_not_messaged_on_that_channel_again() -> None:
    """Until a newer profile says otherwise; the report may come twice, and one of an unknown message is harmless."""
    story = Story(but(ALONE, dispatch={"registry_gap_hours": 0, "return_cooldown_days": 0}))
    story.profile("ann", NOON, consent=[PUSH])
    for silence, at in enumerate((0, 30, 60)):
        story.warned("ann", NOON + at * HOUR, silence=silence)
        story.warned("ann", NOON + (at + 29) * HOUR, Level.RECOVERED, silence=silence)
    for hour in (1, 2):
        story.feedback(FeedbackKind.UNSUBSCRIBED, "ann", NOON + hour * HOUR)
    unknown = b'{"id": "f", "message": "nobody sent it", "user_id": "ann", "channel": "push", "kind": "bounced",'
    unknown += b' "time": "2026-01-07T00:00:00Z"}'
    story.does(NOON + HOUR, lambda driver: driver.send(topics.FEEDBACK, b"ann", unknown, 0))
    story.profile("ann", NOON + 50 * HOUR, consent=[PUSH])
    heard = await story.told()
    assert heard.ends("ann") == [(SENT, None), (DROPPED, Reason.NO_CONSENT), (SENT, None)]
    assert heard.dead_letters == []


@pytest.mark.requirement("A3", "A5")
@pytest.mark.parametrize("topic", [topics.PROFILES, topics.FEEDBACK])
async def test_what_others_write_wrongly_goes_to_the_dead_letters(topic: str) -> None:
    """A broken profile or report stops nothing: it lies there as it came, and the next is read."""
    story = Story()
    story.does(NOON, lambda driver: driver.send(topic, b"ann", b'{"user_id": 7', 0))
    story.profile("ann", NOON, consent=[PUSH])
    story.warned("ann", NOON)
    heard = await story.told()
    [letter] = heard.dead_letters
    assert (letter.key, letter.value) == (b"ann", b'{"user_id": 7')
    assert dict(letter.headers)["churn-dlt-topic"] == topic.encode()
    assert heard.ends("ann") == [(SENT, None)]
