"""E2: whoever an operator has suppressed is sent nothing."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def suppressed(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops while an operator's order to suppress the user stands."""
    order = view.book.suppressed
    if order is None or not order.holds(now):
        return None
    ends = f"until {order.until.isoformat()}" if order.until else "for ever"
    return drop(Reason.SUPPRESSED, f"by an operator since {order.at.isoformat()}, {ends}")
