"""One held candidate a user: the newest warning takes the place of the one that waits."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def replaced(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops when a later warning of the same user is here."""
    return drop(Reason.REPLACED, "a later warning takes its place") if view.newer else None
