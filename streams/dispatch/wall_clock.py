"""The clock on a user's wall: when his days begin, and when it may come to show an hour that it did not before.

A *wall* time is a naive datetime: what the clock shows. Between two moments it may jump (a gap) or show an hour twice
(an overlap); what is asked is always what it shows at a moment, so neither needs a rule of its own.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MIDNIGHT = time(0)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@cache
def zones() -> frozenset[str]:
    """The names of all IANA time zones."""
    return frozenset(available_timezones())


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at a moment.

    >>> wall(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), ZoneInfo("Europe/Berlin")).time()
    datetime.time(1, 59)
    """
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a calendar day, though there be no midnight.

    >>> start_of_day(date(2026, 4, 24), ZoneInfo("Africa/Cairo")).isoformat()
    '2026-04-23T22:00:00+00:00'
    """
    return datetime.combine(day, MIDNIGHT, tzinfo=zone).astimezone(UTC)


def turns(hours: Iterable[time], zone: ZoneInfo, now: datetime, days: int) -> Iterator[datetime]:
    """Every moment from ``now`` on, for so many days, at which the clock comes to one of these hours or changes.

    In order; a day begins at such a moment, too. Some may be none: whoever asks looks at the clock.
    """
    today = wall(now, zone).date()
    wanted = {MIDNIGHT, *hours}
    for day in (today + number * DAY for number in range(days)):
        begins, ends = start_of_day(day, zone), start_of_day(day + DAY, zone)
        found = {
            datetime.combine(day, hour.replace(fold=fold), tzinfo=zone).astimezone(UTC)
            for hour in wanted
            for fold in (0, 1)
        }
        if begins.astimezone(zone).utcoffset() != ends.astimezone(zone).utcoffset():
            found.add(_change(begins, ends, zone))
        yield from sorted(moment for moment in found if max(begins, now) <= moment < ends)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second between two moments from which on the clock runs differently."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
