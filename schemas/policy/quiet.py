"""When a message may reach a user, on the clock where he lives (E8)."""

from datetime import time
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.channel import Channel
from schemas.policy.scope import Scope

ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Weekday(StrEnum):
    """In the order of :meth:`datetime.date.weekday`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WEEKDAYS = tuple(Weekday)


def clock_time(text: str) -> time:
    """A time of day as it stands in a policy or profile.

    >>> clock_time("08:30")
    datetime.time(8, 30)
    """
    return time.fromisoformat(text)


def _zones(pattern: str) -> str:
    if not any(fnmatchcase(zone, pattern) for zone in available_timezones()):
        raise PydanticCustomError("zone", "fits no time zone")
    return pattern


class QuietHours(Scope):
    """Hours in which such messages may be sent; the first rule that fits channel, class, zone and weekday holds."""

    zones: tuple[Annotated[str, AfterValidator(_zones)], ...] = Field(
        default=("*",),
        min_length=1,
        description="a list of IANA zones or patterns such as 'America/*', or ['*'] for all",
    )
    weekdays: tuple[Weekday, ...] = Field(
        default=WEEKDAYS,
        min_length=1,
        description="a list of the days on which these hours begin: mon, tue, wed, thu, fri, sat, sun",
    )
    allowed_from: ClockTime = Field(description="first minute of the day in which sending is allowed, HH:MM")
    allowed_to: ClockTime = Field(
        description="first minute in which it is not any more, HH:MM; before allowed_from: of the next day; "
        "the same: the whole day is allowed"
    )

    def fits(self, zone: str, weekday: Weekday) -> bool:
        """Whether the rule is for a weekday in a zone."""
        return weekday in self.weekdays and any(fnmatchcase(zone, pattern) for pattern in self.zones)


LOUD = (Channel.SMS, Channel.CALL)
QUIET_HOURS = (QuietHours(channels=LOUD, allowed_from="08:00", allowed_to="22:00"),)
"""What rings or buzzes and costs money: from eight to ten in the evening, wherever the user is."""
