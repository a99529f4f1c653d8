"""How often one user may be written to, and how soon again (E9)."""

from enum import StrEnum

from pydantic import Field

from schemas.policy.playbooks import Name
from schemas.policy.scope import Scope


class Counted(StrEnum):
    """From when on a message counts, by what has been reported of it so far."""

    ATTEMPT = "attempt"
    """From its sending on, whatever becomes of it."""
    ACCEPTED = "accepted"
    """Once whoever delivers has taken it, or anything that comes after that was reported."""
    DELIVERED = "delivered"
    """Once it has arrived, or was opened or clicked."""


class Cap(Scope):
    """At most ``count`` messages to one user in any ``hours``, or in ``days`` of his calendar, and a gap between two.

    A playbook with ``exempt`` is not held by any cap, one with ``counted = false`` counts for none.
    """

    name: Name = Field(description="unique name, shown in the trace of a decision")
    per_channel: bool = Field(default=False, description="each channel is counted for itself, not all together")
    count: int | None = Field(
        default=None, ge=0, le=1_000, description="most messages in the window, 0 to 1000 (0: none are allowed)"
    )
    hours: int | None = Field(default=None, ge=1, le=8_760, description="a rolling window, hours, 1 to 8760")
    days: int | None = Field(
        default=None, ge=1, le=366, description="or whole days of the user's own calendar, today among them, 1 to 366"
    )
    counts: Counted = Field(
        default=Counted.ATTEMPT, description="what counts, by feedback so far: attempt, accepted or delivered"
    )
    gap_hours: int = Field(
        default=0, ge=0, le=8_760, description="least time after the last such message, hours, 0 to 8760"
    )


CAPS = (Cap(name="channel-day", per_channel=True, count=1, hours=24), Cap(name="week", count=3, hours=168))
"""One message a channel in 24 hours, three in 7 days over all."""
