"""Hours on the user's wall: where clocks change, over midnight, and where nothing is left."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy import Policy, QuietHours
from streams.dispatch.hours import AllowedHours, Hours, Span
from streams.dispatch.wall_clock import start_of_day


def hours(first: str, last: str, zone: str = "Europe/Berlin", own: Span | None = None, **more: object) -> Hours:
    rule = QuietHours.model_validate({"allowed_from": first, "allowed_to": last} | more)
    found = AllowedHours([rule]).of(Channel.SMS, MessageClass.PROMOTION, zone, own)
    assert found is not None
    return found


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "now", "free"),
    [
        (hours("08:00", "22:00"), at(10, 22), at(11, 7)),
        (hours("08:00", "22:00"), at(28, 22), at(29, 6)),  # the night in which the clocks go forward
        (hours("02:30", "05:00"), at(29, 0, 50), at(29, 1)),  # 02:30 does not come: from 03:00 on
        (hours("02:00", "03:00"), at(29, 0, 50), at(30, 0)),  # nor does the whole hour
        (hours("02:15", "02:45"), at(25, 0, 45, month=10), at(25, 1, 15, month=10)),  # and here it comes twice
        (hours("20:00", "02:00"), at(10, 12), at(10, 19)),
        (hours("08:00", "22:00", weekdays=["mon"]), at(9, 22), at(9, 23)),  # no rule fits Tuesday: all day
        (hours("08:00", "22:00", own=Span.of("07:00", "09:30")), at(10, 22), at(11, 8, 30)),
        (hours("08:00", "09:00", own=Span.of("07:00", "09:30")), at(10, 22), None),
        (hours("00:00", "06:00", "Africa/Cairo"), at(23, 12, month=4), at(23, 22, month=4)),  # midnight is left out
    ],
)
def test_the_first_moment_that_is_allowed(known: Hours, now: datetime, free: datetime | None) -> None:
    assert not known.allow(now)
    assert known.next(now) == free
    assert free is None or known.allow(free)


@pytest.mark.parametrize(("hour", "allowed"), [(1, True), (2, False), (19, False), (20, True)])
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(hour: int, allowed: bool) -> None:
    """Wednesday's evening lasts into Thursday, for which there are other hours."""
    late = QuietHours(weekdays=("wed",), allowed_from="20:00", allowed_to="02:00")
    noon = QuietHours(allowed_from="12:00", allowed_to="13:00")
    known = AllowedHours([late, noon]).of(Channel.SMS, MessageClass.PROMOTION, "UTC", None)
    assert known is not None
    assert known.allow(at(4 if hour > 12 else 5, hour)) == allowed


def test_the_same_first_and_last_minute_is_the_whole_day() -> None:
    rule = QuietHours(allowed_from="09:00", allowed_to="09:00")
    assert AllowedHours([rule]).of(Channel.SMS, MessageClass.PROMOTION, "UTC", None) is None
    assert not Span(time(9), time(9)).begun(time(9))


@pytest.mark.parametrize("kind", list(MessageClass))
def test_by_default_sms_and_calls_keep_the_night_and_nothing_else(kind: MessageClass) -> None:
    known = AllowedHours(Policy(name="x").quiet_hours)
    loud = {channel for channel in Channel if known.of(channel, kind, "UTC", None)}
    assert loud == {Channel.SMS, Channel.CALL}


def test_a_day_without_midnight_begins_all_the_same() -> None:
    """In Cairo the clock goes from Thursday 23:59 to Friday 01:00."""
    assert start_of_day(date(2026, 4, 24), ZoneInfo("Africa/Cairo")) == at(23, 22, month=4)
