"""What this partition heard from the governor about each channel's breaker."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel

FREE = frozenset({BreakerState.CLOSED, BreakerState.FORCED_CLOSED, BreakerState.SHADOW})
"""States in which the breaker holds nobody."""


class Standing(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One channel's breaker. A channel never heard of is closed, as every breaker begins."""

    state: BreakerState = BreakerState.CLOSED
    round: int = 0
    since: datetime | None = None
    until: datetime | None = None


Standings = Mapping[Channel, Standing]
FIRST = Standing()


def governed(breaker: Breaker) -> Standing:
    """The governor's newest word holds."""
    return Standing(breaker.state, breaker.round, breaker.since, breaker.until)
