"""The hours in which a user may be written to: the policy's for his zone, narrowed by his own (E8)."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy import QuietHours
from schemas.policy.quiet import WEEKDAYS, clock_time
from streams.dispatch.wall_clock import turns, wall

DAYS = 9
"""A week comes round in seven days; the day before and after belong to it where hours pass midnight."""


class Span(NamedTuple):
    """Hours of a day, from the first to before the last; the last before the first: into the next day."""

    first: time
    last: time

    @classmethod
    def of(cls, first: str, last: str) -> "Span":
        """From two times of day as they are written."""
        return cls(clock_time(first), clock_time(last))

    def begun(self, hour: time) -> bool:
        """Whether an hour of the day on which the span begins lies in it."""
        return self.first <= hour and (hour < self.last or self.last < self.first)

    def ending(self, hour: time) -> bool:
        """Whether an hour of the day after lies in it."""
        return hour < self.last < self.first


Week = tuple[Span | None, ...]
"""The allowed hours that begin on each weekday, Monday first; None where the whole day is allowed."""
ANY: Week = (None,) * len(WEEKDAYS)


class Hours(NamedTuple):
    """When one user may be written to on one channel; ``own`` are his own quiet hours."""

    zone: ZoneInfo
    week: Week
    own: Span | None

    def allow(self, at: datetime) -> bool:
        """Whether the clock on the user's wall shows an hour in which he may be written to."""
        shown = wall(at, self.zone)
        hour, weekday = shown.time(), shown.weekday()
        if self.own and (self.own.begun(hour) or self.own.ending(hour)):
            return False
        today, yesterday = self.week[weekday], self.week[weekday - 1]
        return today is None or today.begun(hour) or (yesterday is not None and yesterday.ending(hour))

    def next(self, now: datetime) -> datetime | None:
        """The first moment from ``now`` on in which he may be written to; None if there never is one."""
        hours = {hour for span in (*self.week, self.own) if span for hour in span}
        return next((moment for moment in turns(hours, self.zone, now, DAYS) if self.allow(moment)), None)


class AllowedHours:
    """The policy's rules, each looked up once for a channel, class and zone."""

    def __init__(self, rules: Sequence[QuietHours]) -> None:
        self._rules = rules
        self._weeks: dict[tuple[Channel, MessageClass, str], tuple[ZoneInfo, Week]] = {}

    def of(self, channel: Channel, kind: MessageClass, zone: str, own: Span | None) -> Hours | None:
        """When a user of a zone may get a class of message on a channel; None where at any time."""
        key = channel, kind, zone
        if key not in self._weeks:
            self._weeks[key] = ZoneInfo(zone), self._week(channel, kind, zone)
        known, week = self._weeks[key]
        return None if week is ANY and own is None else Hours(known, week, own)

    def _week(self, channel: Channel, kind: MessageClass, zone: str) -> Week:
        rules = [rule for rule in self._rules if rule.covers(channel, kind)]
        fitting = [next((rule for rule in rules if rule.fits(zone, day)), None) for day in WEEKDAYS]
        return tuple(_span(rule) for rule in fitting) if any(map(_span, fitting)) else ANY


def _span(rule: QuietHours | None) -> Span | None:
    if rule is None or rule.allowed_from == rule.allowed_to:
        return None
    return Span.of(rule.allowed_from, rule.allowed_to)
