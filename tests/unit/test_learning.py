"""What is learned of a product's users, where a law of the whole would not show that it is biased."""

from random import Random

import pytest

from streams.health.index.rhythm import LONG_DAYS, returned
from streams.health.index.snapshot import START
from streams.health.learning.clock import Clock
from streams.health.learning.lesson import SETTLED_DAYS, Lesson
from streams.health.learning.refit import prior
from streams.health.learning.sample import Sample
from streams.health.learning.sums import NATS, DaySums
from streams.health.state import State, key_of

DAYS = 90
GAP = 10.0


def test_what_curves_had_to_learn_at_first_is_no_season() -> None:
    """Users come as ever; only what is expected of them rises to the truth, within the days that are not believed."""
    lesson = Lesson()
    for day in range(3 * SETTLED_DAYS):
        expected = 1_000 - 400 * max(0, 14 - day) / 14
        lesson = lesson.taught(day, [DaySums(active=1_000, expected=round(expected * NATS))], horizon_days=28)
        assert lesson.speed == pytest.approx(1.0), f"on day {day}"


def test_half_of_what_is_usual_slows_time_to_half() -> None:
    lesson = Lesson()
    for day in range(2 * SETTLED_DAYS):
        active = 1_000 if day < SETTLED_DAYS else 500
        lesson = lesson.taught(day, [DaySums(active=active, expected=round(1_000 * NATS))], horizon_days=28)
        if day == SETTLED_DAYS + 6:
            assert 0.5 <= lesson.speed < 0.6


def test_the_pace_of_users_who_all_come_alike_is_found() -> None:
    """Poisson returns at one rate, some users silent as the day ends: neither their number nor their pace is biased."""
    random = Random(7)
    clock = Clock(0, [float(day) for day in range(DAYS + 1)])
    users = [_person(random) for _ in range(2_000)]
    sample = Sample((key_of(f"u{number}", "shop"), user) for number, user in enumerate(users))
    shape, rate = prior(sample.swept(DAYS - 1, clock, START).rhythms)
    assert shape / rate == pytest.approx(1 / GAP, rel=0.06)


def _person(random: Random) -> State:
    """One who came first on day 0, and since then at random, once in ten days on average."""
    state, day = State(first=0, last=0), random.expovariate(1 / GAP)
    while day < DAYS:
        if int(day) > state.last:
            state.count, state.exposure = returned(state.count, state.exposure, int(day) - state.last, LONG_DAYS)
            state.last, state.repeats = int(day), state.repeats + 1
        day += random.expovariate(1 / GAP)
    return state
