"""What holds of budgets, volume caps and blast radius, whatever is late or crashes and however far clocks are apart."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.channel import Channel
from schemas.outbound import Outbound
from schemas.policy import Blast, Budgets, ChannelPolicy, Dispatch, Policy, Volume, VolumeCap
from streams.govern import ledger
from streams.govern.account import EMPTY, Wish, granted, wanted
from streams.limits import limits, micros, minute_of
from tests.cases import cases
from tests.dispatching import policy, profile, warning
from tests.laws.house import House

LAWS = cases(20)
PUSH, SMS = Channel.PUSH, Channel.SMS
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIGHT = policy(
    channels={PUSH: ChannelPolicy(cost=0.2, rate_per_second=100), SMS: ChannelPolicy(cost=0.7, rate_per_second=100)},
    dispatch=Dispatch(registry_gap_hours=0, expiry_hours=30),
    budgets=Budgets(zone="Asia/Shanghai", day=3.5, playbooks={"come-back": 3.0}),
    volume=Volume(hour=5, day=11, channels={PUSH: VolumeCap(hour=3)}),
    blast=Blast(per_hour=4, resumes=True),
)


class Step(NamedTuple):
    """What happens next: seconds pass, so many new users are warned, whose dispatcher may not listen."""

    seconds: int
    number: int
    users: int
    listens: bool
    reports: int
    crash: bool


def steps(seed: int) -> list[Step]:
    dice = Random(seed)
    return [
        Step(
            dice.choice((0, 0, 1, 2, 20, 600, 3_000, 9_000)),
            dice.randrange(3),
            dice.choice((0, 0, 0, 1, 1, 2, 5)),
            dice.random() < 0.8,
            dice.choice((0, 1, 2, 100)),
            dice.random() < 0.1,
        )
        for _ in range(90)
    ]


def lived(script: list[Step], skews: tuple[int, ...], policy: Policy = TIGHT) -> House:
    """The steps through a house."""
    house = House(policy, skews)
    for number in range(len(skews)):
        house.dispatches(number)
    for place, step in enumerate(script):
        house.now += timedelta(seconds=step.seconds)
        users = [f"u{place}-{each}" for each in range(step.users)]
        house.dispatches(step.number, *map(profile, users), *map(warning, users), listens=step.listens)
        if step.reports:
            house.governs(step.reports)
        if step.crash:
            house.crashes(step.number)
    return house


def sent(house: House) -> list[Outbound]:
    return sorted((each for worked in house.dispatchers for each in worked.outbound), key=lambda each: each.at)


def most_within(window: timedelta, messages: Iterable[Outbound]) -> int:
    """The most messages in any window."""
    times = [each.at for each in messages]
    return max((sum(last - window < each <= last for each in times) for last in times), default=0)


scripts = st.builds(steps, st.integers(0, 2**32))
clocks = st.sampled_from([(0, 0, 0), (-90, 0, 90), (-7_200, 30, 3_600)])
reserves = st.sampled_from([1, 2, 3, 100])


@LAWS
@given(scripts, clocks, reserves)
def test_no_limit_is_ever_passed(script, skews, reserve):
    """Counted anew from the messages alone: a day's money in the zone, and messages in any hour and any 24 hours."""
    with patch.object(ledger, "RESERVES", reserve):
        messages = sent(lived(script, skews))
    spent: Counter[object] = Counter()
    for each in messages:
        spent[each.at.astimezone(ZoneInfo("Asia/Shanghai")).date()] += micros(each.cost)
    assert all(units <= micros(3.0) for units in spent.values())
    assert most_within(HOUR, messages) <= 4
    assert most_within(DAY, messages) <= 11
    assert most_within(HOUR, [each for each in messages if each.channel is PUSH]) <= 3


@LAWS
@given(scripts, clocks, reserves)
def test_what_is_out_is_what_the_partitions_hold(script, skews, reserve):
    """When everything was told, the governor's books and the partitions' agree: nothing is lost, nothing is doubled."""
    with patch.object(ledger, "RESERVES", reserve):
        house = lived(script, skews)
        settle(house)
        for resource in limits(TIGHT):
            holdings = [worked.partition._governed.holdings[resource] for worked in house.dispatchers]
            ready = datetime.max.replace(tzinfo=house.now.tzinfo)
            free = sum(each.free(ready) for each in holdings)
            assert house.governor.partition._ledger.unsent(resource) == free


@LAWS
@given(scripts, clocks, reserves)
@example(steps(2114410), (0, 0, 0), 100)
def test_who_waits_is_sent_as_soon_as_there_is_room_or_expires(script, skews, reserve):
    """Nobody waits for ever; and while somebody waits for them, the messages of an hour are used up in it."""
    with patch.object(ledger, "RESERVES", reserve):
        house = lived(script, skews)
        for _ in range(40):
            settle(house)
            waiting = sum(worked.partition.waiting for worked in house.dispatchers)
            if waiting and skews == (0, 0, 0):
                assert used_up(house), f"{waiting} wait at {house.now} though there is room"
            house.now += HOUR
        assert all(worked.partition.waiting == 0 for worked in house.dispatchers)


def used_up(house: House) -> bool:
    """Whether some limit leaves no room for another message, but for what parts of windows and reserves keep.

    A part that lies in a window in part counts in full: of an hour that is the minute in which it began.
    """
    recent = [each for each in sent(house) if minute_of(each.at) >= minute_of(house.now - HOUR)]
    today = [each for each in sent(house) if house.now - DAY - DAY / 60 < each.at]
    midnight = house.now.astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=0, minute=0, second=0, microsecond=0)
    money = sum(micros(each.cost) for each in today if each.at >= midnight)
    kept = 3 * max(1, 3_000_000 // ledger.RESERVES)
    return len(recent) + 3 >= 4 or len(today) + 3 >= 11 or money + 700_000 + kept >= 3_000_000


def settle(house: House) -> None:
    """Everybody says and hears everything, until nobody has anything to say."""
    for _ in range(100):
        house.now += timedelta(seconds=2)
        house.governs()
        for number in range(len(house.dispatchers)):
            house.dispatches(number)
        if house.silent:
            return
    raise AssertionError("they do not come to an end")


@LAWS
@given(st.lists(st.integers(0, 50), max_size=8), st.integers(0, 100), st.integers(0, 3), st.sampled_from([1, 1, 4]))
def test_a_grant_is_fair_and_within_the_limit(wishes, limit, reserve, least):
    """Nobody gets more than his wish and reserve; useful room is left only where all have it; shares hardly differ."""
    account = EMPTY
    for partition, messages in enumerate(wishes):
        account = wanted(account, partition, Wish(messages * least, least))
    after, _grants = granted(account, limit, reserve)
    totals = [after.granted.get(each, 0) for each in range(len(wishes))]
    assert sum(totals) == after.out <= limit
    asked = [messages * least + reserve - reserve % least for messages in wishes]
    assert all(total <= most for total, most in zip(totals, asked, strict=True))
    short = [total for total, most in zip(totals, asked, strict=True) if total < most]
    assert not short or limit - sum(totals) < least
    assert all(max(totals) - total <= 2 * least for total in short)


@LAWS
@given(scripts, clocks)
def test_opening_anew_forgets_nothing(script, skews):
    """The same steps with and without crashes leave the same messages and leases."""
    calm = [step._replace(crash=False) for step in script]
    whole, broken = lived(calm, skews), lived([step._replace(crash=True) for step in script], skews)
    assert sent(broken) == sent(whole)
    assert broken.governor.leases == whole.governor.leases
