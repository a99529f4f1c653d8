"""E1: whoever has come back is not called back."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate, mark
from streams.dispatch.gate.stage import Finding, View, drop


def overtaken(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops when the candidate's own episode has ended; a return in another product does not end it."""
    if not view.book.returned or mark(candidate.episode) not in view.book.returned:
        return None
    return drop(Reason.OVERTAKEN, "the user has come back")
