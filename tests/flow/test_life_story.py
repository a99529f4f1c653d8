"""What is known of a user as time passes, and what his life stage changes (B2, B3)."""

import json
from datetime import timedelta

import pytest

from schemas.policy import Life, Lives, Policy, Weights
from schemas.warning import Component, Level, Warning
from tests.flow.story import COMPLAINT, PURCHASE, SHOP, Heard, Story, day

WEEK_FOR_THE_NEW = Life(horizon_days=7, weights=Weights(bad_experience=3.0))


def staged(life: Life) -> Policy:
    """The shop, with another idea of its new users."""
    products = {**SHOP.products, "default": SHOP.product("default").model_copy(update={"life": Lives(new=life)})}
    return SHOP.model_copy(update={"products": products})


def first(heard: Heard, user: str, level: Level = Level.RISK) -> Warning:
    """The first warning of a level."""
    return next(each for each in heard.warnings(user) if each.level is level)


@pytest.mark.requirement("B2")
async def test_a_warning_counts_the_last_28_days_of_every_dimension() -> None:
    """How often, how much, how content, and the key behaviour: by the time of events, what is older has rolled out."""
    story = Story()
    for number in range(40):
        story.event("ann", day(number))
        story.event("ann", day(number, hour=11))
        if number % 10 == 0:
            story.event("ann", day(number, hour=12), type=PURCHASE)
    for number in (2, 15, 35):
        story.event("ann", day(number, hour=13), type=COMPLAINT, complaint=f"c{number}")
        story.event("ann", day(number, hour=14), type="ticket.resolved")
    story.event("ann", day(36, hour=13), type="order.rated", score=1)
    story.event("ann", day(36, hour=14), type="order.rated", score=5)
    story.crowd(range(60))
    heard = await story.told()
    risk = next(each for each in heard.warnings("ann") if "level" in each.rules and each.at > day(40))
    seen, today = risk.evidence, (risk.at - day(0, hour=0)).days
    assert seen is not None
    month = range(today - 27, min(today + 1, 40))
    assert seen.active_days_28 == len(month)
    assert seen.active_days_7 == len(range(today - 6, 40))
    assert seen.events_28 == 2 * len(month) + sum(number % 10 == 0 for number in month)
    assert seen.key_days_28 == sum(number in month for number in range(0, 40, 10)) > 0
    assert seen.unhappy_days_28 == sum(number in month for number in (2, 15, 35, 36)) > 1
    assert seen.open_complaints == 0


@pytest.mark.requirement("B2")
async def test_what_comes_late_and_in_disorder_counts_on_its_own_day() -> None:
    """An order that arrives hours after a later visit belongs to its own day; nothing else changes."""

    def life(late: bool) -> Story:
        story = Story()
        story.lives("ann", range(20))
        ordered = day(18, hour=20)
        body = {"id": "o", "source": "shop", "type": PURCHASE, "time": ordered.isoformat(), "user_id": "ann"}
        story.record(day(19, hour=12) if late else ordered, b"ann", json.dumps(body).encode())
        story.crowd(range(45))
        return story

    in_time, late = await life(late=False).told(), await life(late=True).told()
    counted = [w.evidence.key_days_28 for heard in (in_time, late) for w in [first(heard, "ann")] if w.evidence]
    assert counted == [1, 1]


@pytest.mark.requirement("B3")
async def test_a_new_user_is_warned_of_over_the_horizon_of_new_users() -> None:
    """Nia came twice, Sam for weeks. With a week for the new, she is warned of sooner, and he, grown, as without."""

    def life(policy: Policy) -> Story:
        story = Story(policy)
        story.lives("nia", (17, 19))
        story.lives("sam", range(20))
        story.crowd(range(60))
        return story

    usual, staged_ = await life(SHOP).told(), await life(staged(Life(horizon_days=7))).told()
    nia, before = first(staged_, "nia"), first(usual, "nia")
    assert (nia.evidence and nia.evidence.horizon_days, before.evidence and before.evidence.horizon_days) == (7, 28)
    assert nia.at < before.at
    assert sum(nia.parts.values()) == 100_000 - nia.index
    for sam in (first(heard, "sam", Level.CRITICAL) for heard in (staged_, usual)):
        assert sam.evidence is not None
        assert (sam.evidence.horizon_days, sam.index < 30_000, sam.at > day(20)) == (28, True, True)
    last = [heard.warnings("sam")[-1] for heard in (staged_, usual)]
    assert (last[0].at, last[0].parts) == (last[1].at, last[1].parts)
    began_as_new = {"baseline"}
    told = [warning.evidence.model_dump(exclude=began_as_new) for warning in last if warning.evidence]
    assert told[0] == told[1]


@pytest.mark.requirement("B3")
async def test_a_complaint_counts_more_in_the_first_days_where_the_policy_says_so() -> None:
    """The points that a bad experience takes rise with its factor, fall to none at 0, and the others still sum up."""
    taken = []
    for factor in (0.0, 1.0, 3.0):
        story = Story(staged(Life(weights=Weights(bad_experience=factor))), tick=timedelta(days=1))
        story.lives("nia", (17,))
        story.event("nia", day(17, hour=11), type=COMPLAINT)
        story.lives("nia", (19,))
        story.crowd(range(60))
        heard = await story.told()
        warned = [each for each in heard.warnings("nia") if each.at > day(19) + timedelta(hours=1)]
        taken.append(warned[0].parts[Component.EXPERIENCE])
        assert all(sum(each.parts.values()) == 100_000 - each.index for each in warned)
    assert taken[0] == 0 < taken[1] < taken[2]
