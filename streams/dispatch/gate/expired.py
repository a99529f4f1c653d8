"""E1: a message that comes absurdly late is not sent."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def expired(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops from the moment of expiry on."""
    if now < candidate.expires:
        return None
    return drop(Reason.EXPIRED, f"waited since {candidate.since.isoformat()}, expired {candidate.expires.isoformat()}")
