"""Nothing stops a partition: with a bug planted for one record or one user, the others live on as without it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.driver import Driver
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from schemas import topics
from schemas.base import Message
from schemas.control import ControlKind
from schemas.decision import Decision, Outcome, Reason
from schemas.outbound import Outbound
from schemas.reject import refusal_of
from schemas.sign import SignKind
from schemas.warning import Level, Warning
from streams.codec import UnprocessableRecord
from streams.dispatch import partition as dispatch
from streams.dispatch import views
from streams.health import IntakeStopped, lane
from streams.health.learning import population
from streams.partitioner import Placement
from tests.dispatching import T0, Lifted, order, policy, profile, recovered, stood, warning
from tests.flow.story import PLACED, SHOP, Story, but, day
from tests.signs import sign

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def breaks(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, fails: Callable[..., bool]) -> None:
    """From here on a function raises where ``fails`` says so of its arguments."""
    whole = getattr(place, name)

    def broken(*given: Any, **more: Any) -> Any:
        if fails(*given):
            raise ZeroDivisionError("planted")
        return whole(*given, **more)

    monkeypatch.setattr(place, name, broken)


def company(*messages: Message) -> Driver:
    rules = policy()
    driver = Driver(rules, [dispatcher(rules, Placement(2)), governor(rules)], partitions=2)
    send(driver, *messages)
    return driver


def send(driver: Driver, *messages: Message | Lifted) -> None:
    for each in messages:
        record = stood(each)
        driver.send(each.TOPIC, record.key, record.value, 0)


def letters(driver: Driver) -> list[tuple[str, str, int]]:
    """Reason, topic and offset of every dead letter."""
    refusals = [refusal_of(record.headers) for record in driver.read(topics.DEAD_LETTERS)]
    return [(each.reason, each.topic, each.offset) for each in refusals if each]


USERS = [f"user-{n}" for n in range(20)]
KNOWN = [profile(user) for user in USERS]
DROPPED = (Outcome.DROPPED, Reason.UNPROCESSABLE)


@pytest.mark.requirement("A3", "H9")
async def test_an_event_that_fails_becomes_a_letter_and_everybody_is_warned_of_as_ever(monkeypatch) -> None:
    """Between thousands of good ones of the same users."""

    def story() -> Story:
        told = Story()
        told.lives("ann", range(20))
        told.crowd(range(35))
        return told

    peace = await story().told()
    breaks(monkeypatch, lane.Lane, "absorb", lambda self, event, *rest: "poison" in event.properties)
    poisoned = story()
    poisoned.event("ann", day(5), poison=True)
    heard = await poisoned.told()
    assert [reason for reason, _topic, _offset in letters(heard.driver)] == ["unprocessable"]
    assert heard.driver.messages(Warning) == peace.driver.messages(Warning)


async def test_a_look_that_fails_puts_off_one_user_and_blames_no_event(monkeypatch) -> None:
    """Ann's looks fail until day 30; Bob's silence is noticed on time, Ann's once her looks work again."""
    fails = True

    def looks(self: Any, key: bytes, *rest: Any) -> bool:
        return fails and key.startswith(b"ann")

    breaks(monkeypatch, lane.Alerts, "looked", looks)

    def story() -> Story:
        told = Story()
        for user in ("ann", "bob"):
            told.lives(user, range(20))
        told.crowd(range(60))
        return told

    broken = story()

    def mended(_driver: Driver) -> None:
        nonlocal fails
        fails = False

    broken.does(day(45), mended)
    heard = await broken._tell()
    assert heard.dead_letters == []
    bob, ann = heard.warnings("bob"), heard.warnings("ann")
    assert bob[0].level is Level.RISK
    assert ann
    assert day(45) - 2 * MINUTE <= ann[0].at < day(50)


async def test_a_user_whose_judgement_fails_is_dropped_and_told_and_the_others_are_sent(monkeypatch) -> None:
    breaks(monkeypatch, dispatch, "decide", lambda candidate, view, now: view.user == "user-7")
    driver = company(*KNOWN, *(warning(user) for user in USERS))
    await driver.settle(T0)
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-7"}
    [decision] = [each for each in driver.messages(Decision) if each.user_id == "user-7"]
    assert (decision.outcome, decision.reason, decision.number) == (*DROPPED, 1)
    assert "planted" in (decision.trace[0].detail or "")
    assert letters(driver) == []


async def test_a_profile_that_fails_becomes_a_letter_and_the_candidate_is_judged_without_it(monkeypatch) -> None:
    """No profile is no consent: what cannot be read does not open a way to the user."""
    breaks(monkeypatch, dispatch, "known", lambda profile, now: profile.user_id == "user-7")
    driver = company(*KNOWN, *(warning(user) for user in USERS))
    await driver.settle(T0)
    assert [(reason, topic) for reason, topic, _offset in letters(driver)] == [("unprocessable", topics.PROFILES)]
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-7"}
    assert driver.messages(Decision)[-1].outcome in (Outcome.SENT, Outcome.DROPPED)


OWN = [
    (warning("user-7", level=Level.CRITICAL), "witnessed"),
    (recovered("user-7"), "returned"),
    (sign(SignKind.OPTED_OUT, "user-7"), "told"),
]


@pytest.mark.parametrize(("last", "handled_by"), OWN, ids=["warning", "recovered", "sign"])
async def test_a_record_of_our_own_that_fails_costs_its_user_the_message_and_nobody_else(
    monkeypatch, last: Message, handled_by: str
) -> None:
    """It may have been a no: the user gets nothing from then on, also by later warnings, and a letter keeps the record.

    An operator who has looked ends that by suppressing the user and lifting it.
    """
    breaks(monkeypatch, dispatch, handled_by, lambda book, *told: last in told or handled_by == "returned")
    driver = company(*KNOWN, *(warning(user) for user in USERS), last)
    await driver.settle(T0)
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-7"}
    assert [(reason, topic) for reason, topic, _offset in letters(driver)] == [("unprocessable", last.TOPIC)]
    ends = [(each.outcome, each.reason) for each in driver.messages(Decision) if each.user_id == "user-7"]
    assert DROPPED in ends

    driver.restart()
    send(driver, warning("user-7", day=40))
    await driver.settle(T0 + 41 * DAY)
    assert driver.messages(Decision)[-1].reason is Reason.UNPROCESSABLE
    for word in (order(ControlKind.SUPPRESS, "user-7", T0 + 41 * DAY), Lifted("suppress/user-7")):
        send(driver, word)
        await driver.settle(T0 + 42 * DAY)
    send(driver, warning("user-7", day=41))
    await driver.settle(T0 + 42 * DAY)
    assert driver.messages(Decision)[-1].outcome is Outcome.SENT


async def test_an_order_that_fails_is_stepped_over_by_all_with_one_letter_and_the_others_hold(monkeypatch) -> None:
    """Also after a restart, when all orders are heard anew. Whom it was about is sent nothing."""
    words = [order(ControlKind.SUPPRESS, user) for user in ("user-1", "user-2", "user-3")]
    breaks(monkeypatch, dispatch.Orders, "_apply", lambda self, word, now: word.target == "user-2")
    driver = company(*words, *KNOWN, *(warning(user) for user in USERS))
    await driver.settle(T0)
    assert letters(driver) == [("unprocessable", topics.CONTROL, 1)]
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-1", "user-2", "user-3"}
    driver.restart()
    await driver.settle(T0 + MINUTE)
    assert len(letters(driver)) == 1


async def test_what_the_governor_says_is_never_left_out(monkeypatch) -> None:
    """A lease that cannot be handled stops the partition loudly: going on would spend what was not granted."""
    breaks(monkeypatch, dispatch.Governed, "hear", lambda self, *rest: True)
    driver = company(*KNOWN)
    with pytest.raises(UnprocessableRecord, match=r"handling churn.\w+ at offset \d+ fails with .* in .*py:\d+; "):
        await driver.settle(T0)


def backlog() -> Driver:
    """Health, before which sixty days of a town wait to be read at once."""
    story = Story()
    for user in ("ann", "bob"):
        story.lives(user, range(20))
    story.crowd(range(60))
    driver = Driver(story.policy, [health(story.policy, placement=PLACED)], PLACED.partitions)
    for _at, send_it in sorted(story._moments, key=lambda moment: moment[0]):
        send_it(driver)
    return driver


def about_others(driver: Driver) -> list[Warning]:
    return [each for each in driver.messages(Warning) if each.user_id != "ann"]


async def test_a_look_that_fails_in_a_backlog_puts_off_a_user_whose_first_event_waits_in_it_too(monkeypatch) -> None:
    """The user is not known yet when the look fails for the first time; no event is blamed, nobody else waits."""
    peace = backlog()
    await peace.settle(day(60))
    breaks(monkeypatch, lane.Alerts, "looked", lambda self, key, *rest: key.startswith(b"ann"))
    driver = backlog()
    await driver.settle(day(60))
    assert letters(driver) == []
    assert about_others(driver) == about_others(peace)
    assert len(about_others(driver)) < len(peace.messages(Warning))


async def test_a_user_of_whom_nothing_can_be_foretold_is_left_out_of_learning_and_blames_no_event(monkeypatch) -> None:
    """Ann alone has come back 19 times when she falls silent: all that is foretold of her then fails."""
    peace = backlog()
    await peace.settle(day(60))
    breaks(monkeypatch, population.Population, "_ask", lambda self, state, *rest: state.repeats == 19)
    driver = backlog()
    await driver.settle(day(60))
    assert letters(driver) == []
    told = [(each.user_id, each.level) for each in driver.messages(Warning)]
    assert told == [(each.user_id, each.level) for each in peace.messages(Warning)]


async def test_a_user_of_whom_nobody_can_be_asked_is_dropped_and_the_others_are_sent(monkeypatch) -> None:
    """What must be known of the world is worked out for each user; that, too, may fail for one."""
    lost = warning("user-7").id
    breaks(monkeypatch, views.Views, "treatment", lambda self, candidate, book: candidate.warning == lost)
    driver = company(*KNOWN, *(warning(user) for user in USERS))
    await driver.settle(T0)
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-7"}
    assert [(each.outcome, each.reason) for each in driver.messages(Decision) if each.user_id == "user-7"] == [DROPPED]


async def test_a_warning_whose_life_cannot_be_worked_out_is_refused_all_the_same(monkeypatch) -> None:
    """What fails to be taken in must not fail in the refusal again."""
    end = warning("user-7", at=datetime.max.replace(tzinfo=UTC))
    driver = company(*KNOWN, *(warning(user) for user in USERS if user != "user-7"), end)
    await driver.settle(T0)
    assert {each.user_id for each in driver.messages(Outbound)} == {*USERS} - {"user-7"}
    assert [(reason, topic) for reason, topic, _offset in letters(driver)] == [("unprocessable", topics.WARNINGS)]


async def test_events_that_fail_count_among_the_refused_of_the_partitions_intake(monkeypatch) -> None:
    """A program that fails at every event passes the limit on refused records, and stops where the policy says so."""
    breaks(monkeypatch, lane.Lane, "absorb", lambda *event: True)
    story = Story(but(SHOP, intake={"rejects": SHOP.intake.rejects.model_copy(update={"stop": True})}))
    driver = Driver(story.policy, [health(story.policy)], 1)
    for number in range(200):
        story.event(f"user-{number}", day(0))
    for _at, send_it in story._moments:
        send_it(driver)
    with pytest.raises(IntakeStopped, match="100 of the last 100 records refused"):
        await driver.settle(day(1))
