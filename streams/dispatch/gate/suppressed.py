"""E2: a user whom an operator has suppressed, or of whom something could not be handled, is sent nothing."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def suppressed(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops while an operator's order to suppress the user is in force, and while the user is put aside."""
    aside, order = view.book.aside, view.book.suppressed
    if aside is not None:
        return drop(
            Reason.UNPROCESSABLE, f"a record about the user could not be handled at {aside.isoformat()}: see its letter"
        )
    if order is None or not order.holds(now):
        return None
    ends = f"until {order.until.isoformat()}" if order.until else "for ever"
    return drop(Reason.SUPPRESSED, f"by an operator since {order.at.isoformat()}, {ends}")
