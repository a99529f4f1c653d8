"""A time zone as a policy names it."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


def _known_zone(zone: str) -> str:
    if zone not in available_timezones():
        raise PydanticCustomError("zone", "is no time zone")
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]
