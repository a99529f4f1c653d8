"""Event time in the health role: days of a zone, the watermark, and who falls due when."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from streams.health.days import Calendar, date_of
from streams.health.deadlines import Deadlines
from streams.health.state import NEVER
from streams.health.watermark import Watermark


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Asia/Shanghai",
        "America/New_York",
        "America/St_Johns",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ],
)
@pytest.mark.parametrize("year", [2006, 2011])
def test_days_are_those_of_the_zone_through_every_change_of_clocks(zone: str, year: int) -> None:
    """Also where clocks change at one minute past midnight, at midnight, by half an hour, or a day is left out."""
    calendar, there = Calendar(zone), ZoneInfo(zone)
    for minutes in range(0, 366 * 24 * 60, 59):
        moment = datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        day = calendar.day(int(moment.timestamp()))
        assert date_of(day) == moment.astimezone(there).date()
        assert calendar.start(day) <= moment.timestamp()


def test_days_are_right_on_both_sides_of_a_change_within_an_hour() -> None:
    """On 2010-11-07 clocks in St. John's went back at one minute past midnight, into the day before."""
    calendar, there = Calendar("America/St_Johns"), ZoneInfo("America/St_Johns")
    for minute in range(120):
        moment = datetime(2010, 11, 7, 2, tzinfo=UTC) + timedelta(minutes=minute)
        assert date_of(calendar.day(int(moment.timestamp()))) == moment.astimezone(there).date()


def test_no_two_looks_of_a_user_fall_together_and_they_are_in_order() -> None:
    calendar = Calendar("America/New_York")
    starts = [calendar.start(day) for day in range(20_400, 20_800)]
    assert {23, 24, 25} == {(b - a) // 3_600 for a, b in pairwise(starts)}


def test_the_watermark_never_goes_back() -> None:
    watermark = Watermark(delay_seconds=60, late_seconds=3_600)
    times = []
    for seconds in (10_000, 9_000, 12_000, 3, 11_999):
        watermark.moved(seconds)
        times.append(watermark.time)
    assert times == [9_940, 9_940, 11_940, 11_940, 11_940]
    assert watermark.too_late(11_940 - 3_601)
    assert not watermark.too_late(11_940 - 3_600)


def test_deadlines_come_in_order_of_time_then_key_and_each_once() -> None:
    deadlines = Deadlines()
    for key, due in ((b"b", 5), (b"a", 5), (b"c", 9), (b"c", 4), (b"b", 7), (b"d", 11)):
        deadlines.expect(key, due)
    assert len(deadlines) == 4
    assert [deadlines.pop(10) for _ in range(4)] == [(4, b"c"), (5, b"a"), (7, b"b"), None]
    deadlines.expect(b"c", 20)
    assert (deadlines.due(b"c"), deadlines.due(b"a"), len(deadlines)) == (20, NEVER, 2)
    assert [deadlines.pop(30) for _ in range(3)] == [(11, b"d"), (20, b"c"), None]
