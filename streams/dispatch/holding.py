"""What this partition holds of one leased resource, and what it has used of it."""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from schemas.lease import Lease

UNTOLD = -1
PATIENCE = timedelta(seconds=5)
"""The governor answers sooner than this, if it has anything to give."""


class Holding(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The lease of a resource's ``round``: ``used`` units of ``granted`` are spent or given back.

    ``told`` is what the governor was last told of as wanted in all; ``reserve`` is what may be kept unspent; ``hoped``
    counts who would have used a unit and went another way for want of one, for whoever comes next. Of a lease
    from a clock that is ahead of ours, ``later`` is the total and ``at`` the moment from which it may be spent.
    ``short`` is since when the governor has been told of more than it grants.
    """

    round: int = 0
    granted: int = 0
    used: int = 0
    told: int = UNTOLD
    reserve: int = 0
    later: int = 0
    at: datetime | None = None
    hoped: int = 0
    short: datetime | None = None

    def free(self, now: datetime) -> int:
        """Units that may be spent now.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> Holding(granted=5, used=2).free(noon), Holding(granted=5, used=2, later=9, at=noon).free(noon)
        (3, 7)
        """
        return max(0, _ripe(self, now).granted - self.used)

    def awaited(self, now: datetime) -> datetime | None:
        """Until when a lease may be on its way; None where all is granted that will be for now.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> Holding(short=noon).awaited(noon) == noon + PATIENCE, Holding(short=noon).awaited(noon + PATIENCE)
        (True, None)
        """
        until = (self.short or now) + PATIENCE
        return until if now < until else None

    def asking(self, units: int, now: datetime) -> "Holding":
        """The governor is told that so many units are wanted in all."""
        met = units <= max(self.granted, self.later)
        return replace(self, told=units, short=None if met else self.short or now)


NOTHING = Holding()


def leased(holding: Holding, lease: Lease, now: datetime) -> Holding:
    """A round's grant only grows, and a newer round replaces it; it is spent from the governor's own time on."""
    if lease.round < holding.round:
        return holding
    holding = _ripe(at_round(holding, lease.round), now)
    if lease.granted <= max(holding.granted, holding.later):
        return holding
    short = holding.short if lease.granted < holding.told else None
    if lease.at > now:
        return replace(holding, later=lease.granted, at=lease.at, reserve=lease.reserve, short=short)
    return replace(holding, granted=lease.granted, later=0, at=None, reserve=lease.reserve, short=short)


def _ripe(holding: Holding, now: datetime) -> Holding:
    """What was leased by a clock ahead of ours is there once ours has come so far."""
    if holding.at is None or holding.at > now:
        return holding
    return replace(holding, granted=holding.later, later=0, at=None)


def at_round(holding: Holding, round: int) -> Holding:
    """The holding in a round; a new one begins with nothing granted and nothing used."""
    return holding if holding.round >= round else Holding(round)
