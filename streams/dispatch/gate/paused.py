"""G6: a playbook that an operator has paused waits."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold
from streams.limits import Need

PREFIX = "pause/"


def paused_by(resource: str) -> str | None:
    """The playbook whose pause a candidate waits for the end of; None where it waits for something else."""
    return resource.removeprefix(PREFIX) if resource.startswith(PREFIX) else None


def paused(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Holds while the playbook is paused: until the order ends, or is lifted, or the candidate expires."""
    if view.playbook is None or (order := view.paused) is None:
        return None
    since = f"playbook {view.playbook.name} is paused by an operator since {order.at.isoformat()}"
    return hold(Reason.PLAYBOOK_PAUSED, order.until or candidate.expires, since, Need(PREFIX + view.playbook.name, 1))
