"""Operational time: a day counts for as much as its speed, so that a holiday or an outage makes nobody look silent."""

from bisect import bisect_left
from typing import Final

import msgspec

_SLACK: Final = 1e-6
"""Days; a deadline may be early, so rounding is spent on that side."""


class Clock(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Θ at the beginning of each day from ``first`` to the day after today; it only grows, and is never revised."""

    first: int = -1
    starts: list[float] = []

    @property
    def today(self) -> int:
        """The newest day that has begun, -1 before any has."""
        return self.first + len(self.starts) - 2 if self.starts else -1

    def begin(self, day: int, speed: float) -> None:
        """The day after today (the first time: any day) has begun, and counts for ``speed``, 0 to 1."""
        if not self.starts:
            self.first, self.starts = day, [0.0]
        assert day == self.today + 1 or len(self.starts) == 1, f"day {day} begins after {self.today}"
        self.starts.append(self.starts[-1] + speed)

    def at(self, day: int) -> float:
        """Θ at the beginning of a day; days before the first and after tomorrow count in full.

        >>> clock = Clock(100, [0.0, 1.0, 1.5])
        >>> clock.at(98), clock.at(102), clock.at(104)
        (-2.0, 1.5, 3.5)
        """
        starts, place = self.starts, day - self.first
        if 0 <= place < len(starts):  # as mostly
            return starts[place]
        if not starts:
            return float(day)
        last = len(starts) - 1
        return starts[0] + place if place < 0 else starts[last] + (place - last)

    def elapsed(self, since: int, until: int) -> float:
        """Operational days between the beginnings of two days."""
        return self.at(until) - self.at(since)

    def day_after(self, since: int, days: float) -> int:
        """A day at whose beginning at least ``days`` have passed since the beginning of ``since``, or just not yet.

        It is the first such day if time runs at full speed from tomorrow on; a slower clock only makes it early.

        >>> clock = Clock(100, [0.0, 1.0, 1.0, 1.0, 2.0])
        >>> clock.day_after(100, 1.5), clock.day_after(100, 4.2), clock.day_after(100, 1.0)
        (104, 107, 101)
        """
        target = self.at(since) + days - _SLACK
        last = len(self.starts) - 1
        if last < 0 or target <= self.starts[0]:
            return since + _up(days - _SLACK)
        if target <= self.starts[last]:
            return self.first + bisect_left(self.starts, target)
        return self.first + last + _up(target - self.starts[last])


def _up(days: float) -> int:
    return -int(-days // 1)
