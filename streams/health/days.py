"""Calendar days of a product's zone, as whole numbers: 0 is 1970-01-01; a day has 23 or 25 hours when clocks change."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY_SECONDS: Final = 86_400
_SLOT_SECONDS: Final = 3_600
_EPOCH: Final = date(1970, 1, 1)


def date_of(day: int) -> date:
    """The date of a day.

    >>> date_of(20_454)
    datetime.date(2026, 1, 1)
    """
    return _EPOCH + timedelta(days=day)


def day_of(date_: date) -> int:
    """The day of a date.

    >>> day_of(date(2026, 1, 1))
    20454
    """
    return (date_ - _EPOCH).days


class Calendar:
    """The days of one IANA zone; times are whole seconds since 1970 UTC."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._offsets: dict[int, int | None] = {}
        self._starts: dict[int, int] = {}

    def day(self, seconds: int) -> int:
        """The day that a moment belongs to.

        >>> Calendar("Asia/Shanghai").day(16 * 3_600), Calendar("UTC").day(16 * 3_600)
        (1, 0)
        """
        offset = self._offsets.get(seconds // _SLOT_SECONDS)
        if offset is None:
            offset = self._offset(seconds)
        return (seconds + offset) // DAY_SECONDS

    def start(self, day: int) -> int:
        """The first moment of a day.

        >>> calendar = Calendar("America/New_York")
        >>> (calendar.start(20_521) - calendar.start(20_520)) // 3_600  # 2026-03-08, clocks go forward
        23
        """
        start = self._starts.get(day)
        if start is None:
            midnight = datetime.combine(date_of(day), datetime.min.time(), self._zone)
            start = self._starts[day] = int(midnight.timestamp())
        return start

    def _offset(self, seconds: int) -> int:
        """The zone's distance from UTC, remembered for the hour unless the clocks change within it."""
        slot = seconds // _SLOT_SECONDS
        ends = {self._distance(slot * _SLOT_SECONDS), self._distance((slot + 1) * _SLOT_SECONDS - 1)}
        self._offsets[slot] = ends.pop() if len(ends) == 1 else None
        return self._distance(seconds)

    def _distance(self, seconds: int) -> int:
        distance = datetime.fromtimestamp(seconds, UTC).astimezone(self._zone).utcoffset()
        assert distance is not None
        return int(distance.total_seconds())
