"""Laws of the demo's source: whatever the seed and the size of the town."""

import json
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agents.demo.source import Due, Source
from agents.demo.spoilt import spoilt
from agents.driver import Stored
from agents.policy_file import read_policy
from schemas import topics
from streams.intake import Event, Intake
from tests.cases import cases

SHOP = read_policy(Path(__file__).parents[2] / "deploy/policies/shop.toml")
towns = st.builds(Source, st.just(SHOP), users=st.integers(1, 40), seed=st.integers())
few = cases(25)


def beginning(source: Source) -> list[Due]:
    """The first records of a town; every town has so many."""
    return list(islice(source.records(), 400))


@few
@given(towns)
def test_the_same_seed_is_the_same_town(town: Source) -> None:
    """Two sources that are made alike say the same, byte for byte."""
    assert beginning(town) == beginning(Source(SHOP, town.users, town.seed))


@few
@given(towns)
def test_records_come_in_the_order_of_their_times(town: Source) -> None:
    """A partition's time never has to go back."""
    assert all(first.at <= second.at for first, second in pairwise(beginning(town)))


@few
@given(towns)
def test_an_event_bears_the_key_and_the_time_of_its_record(town: Source) -> None:
    """Event time is record time, to the millisecond, and every key is a user of the town."""
    users = {f"user-{number:05d}".encode() for number in range(town.users)}
    for due in beginning(town):
        assert due.key in users
        event = Intake(SHOP).read(Stored(0, 0, int(due.at.timestamp() * 1000), due.key, due.value, ()))
        if due.topic == topics.EVENTS and isinstance(event, Event):
            assert (event.user_id.encode(), event.time) == (due.key, due.at)
            assert due.at.microsecond % 1000 == 0


@few
@given(st.randoms(use_true_random=False))
def test_what_is_spoilt_is_never_an_event(random) -> None:  # type: ignore[no-untyped-def]
    """Every way of breaking an event breaks it."""
    town = Source(SHOP, users=3)
    due = next(due for due in town.records() if due.topic == topics.EVENTS)
    assert json.loads(due.value)["user_id"].encode() == due.key
    at = int((due.at + timedelta(seconds=1)).timestamp() * 1000)
    broken = Stored(0, 0, at, due.key, spoilt(due.value, random), ())
    assert not isinstance(Intake(SHOP).read(broken), Event)
