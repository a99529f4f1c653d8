"""What the gate never lets through, whatever is said in whatever order; against an oracle of its own."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given

from tests.laws.dispatch_play import played
from tests.laws.dispatch_story import CHANNELS, policies, stories
from tests.laws.gate_oracle import Watched, agreed, awake, capped, happy, unsilenced
from tests.laws.test_dispatch_laws import LAWS


@pytest.mark.parametrize(
    "law", [agreed, happy, unsilenced, capped, awake], ids=["consent", "complaints", "silence", "caps", "quiet hours"]
)
@LAWS
@given(policies(), stories)
def test_no_message_breaks_it(law: Callable[..., bool], policy, story):
    """Also of those who waited and are looked at hours and days later."""
    watched = Watched(policy, law)
    played(policy, story, worked=watched)
    for hours in (1, 9, 24, 71, 80):
        watched.tokens = dict.fromkeys(CHANNELS, 100)
        watched.work(now=story[-1].now + timedelta(hours=hours))
    assert watched.broken == []
