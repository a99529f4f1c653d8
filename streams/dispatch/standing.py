"""What this partition heard from the governor about each channel, and how many probes it spent of those granted."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from schemas.breaker import Breaker, BreakerState, Lease
from schemas.channel import Channel


class Standing(Struct, frozen=True, array_like=True, gc=False):
    """One channel's breaker and lease. A channel never heard of is closed, as every breaker begins.

    ``spent`` and ``told`` (probes asked for) belong to ``round``, ``granted`` to ``lease_round``: the two topics are
    read apart, so a lease may come in before the round it is for.
    """

    state: BreakerState = BreakerState.CLOSED
    round: int = 0
    since: datetime | None = None
    spent: int = 0
    told: int = 0
    lease_round: int = 0
    granted: int = 0

    @property
    def probes(self) -> int:
        """Probes this partition may still send now.

        >>> half = Standing(BreakerState.HALF_OPEN, round=2, spent=1, lease_round=2, granted=3)
        >>> half.probes, replace(half, lease_round=1).probes
        (2, 0)
        """
        if self.state is not BreakerState.HALF_OPEN or self.lease_round != self.round:
            return 0
        return self.granted - self.spent


Standings = Mapping[Channel, Standing]
FIRST = Standing()


def governed(standing: Standing, breaker: Breaker) -> Standing:
    """The governor's newest word holds; a new round begins with nothing spent."""
    if breaker.round != standing.round:
        standing = replace(standing, spent=0, told=0)
    return replace(standing, state=breaker.state, round=breaker.round, since=breaker.since)


def leased(standing: Standing, lease: Lease) -> Standing:
    """A round's grant only grows, and a newer round replaces it."""
    if lease.round < standing.lease_round:
        return standing
    before = standing.granted if lease.round == standing.lease_round else 0
    return replace(standing, lease_round=lease.round, granted=max(before, lease.granted))
