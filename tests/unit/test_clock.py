"""Clocks: aware, UTC, and as fast as they say."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agents.clock import ScaledClock, SystemClock

TEN = datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=8)))


def test_the_system_clock_is_aware_and_true() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now.timestamp() - time.time()) < 5  # noqa: TID251 - the thing that is tested


def test_a_scaled_clock_begins_at_its_start_in_utc() -> None:
    now = ScaledClock(TEN, speed=1e-9).now()
    assert now.tzinfo is UTC
    assert TEN <= now < TEN + timedelta(seconds=1)


def test_a_scaled_clock_runs_as_fast_as_it_says() -> None:
    """Begun ten seconds ago at 360 times the speed, it is an hour on; the test has a second of its own to end."""
    clock = ScaledClock(TEN, speed=360.0, origin=time.monotonic() - 10)
    assert timedelta(hours=1) <= clock.now() - TEN < timedelta(hours=1.1)


def test_clocks_with_one_origin_agree_and_never_go_back() -> None:
    origin = time.monotonic()
    first, second = (ScaledClock(TEN, speed=1000.0, origin=origin) for _ in range(2))
    read = [clock.now() for _ in range(100) for clock in (first, second)]
    assert read == sorted(read)


@pytest.mark.parametrize(
    ("start", "speed", "told"),
    [
        (TEN.replace(tzinfo=None), 1.0, "has no time zone"),
        (TEN, 0.0, "speed=0.0 must be above 0"),
        (TEN, float("nan"), "speed=nan must be above 0"),
        (TEN, float("inf"), "speed=inf must be above 0 and finite"),
    ],
)
def test_a_clock_that_cannot_run_is_refused(start: datetime, speed: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ScaledClock(start, speed)
