"""Absorb first, judge last: what already waits to be read counts, however small the pieces in which it is read."""

from datetime import timedelta

import pytest

from agents.driver import Driver
from agents.roles.dispatcher import dispatcher
from schemas.base import Message
from schemas.decision import Decision, Outcome, Reason
from schemas.outbound import Outbound
from schemas.policy import QuietHours
from schemas.sign import SignKind
from tests.dispatching import T0, policy, profile, recovered, warning
from tests.signs import sign

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AFTERNOON = QuietHours(allowed_from="12:00", allowed_to="20:00")
"""The stories begin at ten o'clock."""


def opened(records: int, **changes: object) -> Driver:
    """A dispatcher alone, whose transactions take at most so many records."""
    rules = policy(**changes)
    return Driver(rules, [dispatcher(rules)], partitions=1, records=records)


def send(driver: Driver, *messages: Message) -> None:
    for each in messages:
        driver.send(each.TOPIC, each.key.encode(), each.encode(), 0)


@pytest.mark.requirement("E1")
@pytest.mark.parametrize("records", [1, 2, 16_000])
async def test_a_return_that_waits_to_be_read_overtakes_its_warning(records: int) -> None:
    """A hundred warnings of others lie between the two; the others get their messages."""
    driver = opened(records)
    others = [f"user-{n}" for n in range(100)]
    send(driver, *(profile(user) for user in ("ann", *others)))
    send(driver, warning("ann"), *(warning(user) for user in others), recovered("ann"))
    await driver.settle(T0)
    assert {each.user_id for each in driver.messages(Outbound)} == {*others}
    [decision] = [each for each in driver.messages(Decision) if each.user_id == "ann"]
    assert (decision.outcome, decision.reason) == (Outcome.DROPPED, Reason.OVERTAKEN)


@pytest.mark.parametrize("records", [1, 16_000])
async def test_an_opt_out_that_waits_to_be_read_counts(records: int) -> None:
    """It stands on another topic, written later than the warning."""
    driver = opened(records)
    send(driver, profile("ann"), warning("ann"))
    send(driver, *(sign(SignKind.USED_AGAIN, f"user-{n}") for n in range(50)), sign(SignKind.OPTED_OUT, "ann"))
    await driver.settle(T0)
    assert driver.messages(Outbound) == []


@pytest.mark.parametrize("records", [1, 16_000])
async def test_whose_hold_ends_while_the_dispatcher_is_away_is_judged_after_the_backlog(records: int) -> None:
    """Held for the night; the dispatcher is started again at noon, and reads of the return only then."""
    driver = opened(records, quiet_hours=(AFTERNOON,))
    send(driver, profile("ann"), warning("ann"))
    await driver.settle(T0)
    driver.restart()
    send(driver, *(warning(f"user-{n}") for n in range(20)), recovered("ann"))
    await driver.settle(T0 + 4 * HOUR)
    assert driver.messages(Outbound) == []
    ends = [(each.outcome, each.reason) for each in driver.messages(Decision) if each.user_id == "ann"]
    assert ends == [(Outcome.HELD, Reason.QUIET_HOURS), (Outcome.DROPPED, Reason.OVERTAKEN)]


async def test_a_candidate_that_was_absorbed_outlives_a_restart_before_its_judgement() -> None:
    """It waits in the state, and is judged once everything is read that was there at opening."""
    driver = opened(1)
    send(driver, profile("ann"), warning("ann"), *(recovered(f"user-{n}") for n in range(5)))
    await driver.turn(T0)
    await driver.turn(T0)
    assert driver.messages(Decision) == []
    driver.restart()
    await driver.settle(T0 + MINUTE)
    [message] = driver.messages(Outbound)
    assert (message.user_id, message.at) == ("ann", T0 + MINUTE)


async def test_many_are_judged_in_the_order_of_their_warnings_a_few_hundred_at_a_time() -> None:
    """So that an order of an operator is obeyed within a second, however many wait."""
    driver = opened(16_000)
    users = [f"user-{n}" for n in range(1_200)]
    send(driver, *(profile(user) for user in users), *(warning(user) for user in users))
    await driver.turn(T0)
    first = len(driver.messages(Decision))
    await driver.settle(T0)
    assert 0 < first <= 500
    assert [each.user_id for each in driver.messages(Decision)] == users
