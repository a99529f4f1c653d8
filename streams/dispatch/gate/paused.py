"""G6: a playbook that an operator has paused waits."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold

LIFTABLE = frozenset({Reason.PLAYBOOK_PAUSED})
"""Who is held for these is woken when the order is lifted; without an end of its own the hold ends at expiry."""


def paused(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Holds while the playbook is paused: until the order ends, or is lifted, or the candidate expires."""
    if view.playbook is None or (order := view.paused) is None:
        return None
    since = f"playbook {view.playbook.name} is paused by an operator since {order.at.isoformat()}"
    return hold(Reason.PLAYBOOK_PAUSED, order.until or candidate.expires, since)
