"""Quiet hours on every clock of the world, over the nights and days on which clocks change (E8).

The oracle walks: from one quarter of an hour to the next, always looking at the clock itself.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy import QuietHours
from streams.dispatch.hours import AllowedHours, Span
from tests.cases import cases
from tests.laws.gate_oracle import WEEKDAYS, allowed

STEP = timedelta(minutes=15)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
HOURS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]


@cache
def changes(zone: str) -> list[datetime]:
    """The hours of the year in which the clock of a zone changes."""
    place = ZoneInfo(zone)
    hours = (YEAR + timedelta(hours=number) for number in range(366 * 24))
    return [
        hour for hour in hours if hour.astimezone(place).utcoffset() != (hour + 4 * STEP).astimezone(place).utcoffset()
    ]


def near(shown: datetime) -> list[str]:
    """Times of day within two hours of what the clock shows."""
    place = HOURS.index(f"{shown.hour:02}:{shown.minute // 15 * 15:02}")
    return [HOURS[(place + number) % len(HOURS)] for number in range(-8, 9)]


def rules(dice: Random, close: list[str]) -> list[QuietHours]:
    return [
        QuietHours(
            zones=dice.choice((("*",), ("America/*", "Africa/*"), ("Europe/*",))),
            weekdays=tuple(day for day in WEEKDAYS if dice.random() < 0.7) or ("sun",),
            allowed_from=dice.choice((dice.choice(HOURS), dice.choice(close))),
            allowed_to=dice.choice((dice.choice(HOURS), dice.choice(close))),
        )
        for _ in range(dice.randint(1, 2))
    ]


@cases(250)
@given(st.sampled_from(ZONES), st.integers(0, 2**32))
def test_a_held_message_leaves_in_the_first_moment_that_is_allowed(zone: str, seed: int) -> None:
    """Not before, not after, and never where there is none; around a change of the clock, where the zone has one."""
    dice = Random(seed)
    about = dice.choice(changes(zone) or [YEAR + timedelta(days=dice.randrange(365))])
    now = about + dice.choice((dice.randrange(-120, 120), dice.randrange(-6, 10))) * STEP
    place = ZoneInfo(zone)
    written = rules(dice, near(about.astimezone(place)))
    own = (dice.choice(HOURS), dice.choice(HOURS)) if dice.random() < 0.4 else None
    hours = AllowedHours(written).of(Channel.SMS, MessageClass.PROMOTION, zone, Span.of(*own) if own else None)
    moments = (now + number * STEP for number in range(8 * 96))
    expected = next((moment for moment in moments if allowed(moment, place, written, own)), None)
    if hours is None:
        assert expected == now
        return
    assert hours.allow(now) == (expected == now)
    assert (now if hours.allow(now) else hours.next(now)) == expected
