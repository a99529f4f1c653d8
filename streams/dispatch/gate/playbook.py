"""D1: without a playbook nothing is sent."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def playbook(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops when no playbook answers the candidate's level and product on a channel that the policy has."""
    if view.channels:
        return None
    return drop(Reason.NO_PLAYBOOK, f"no playbook answers level {candidate.level} of product {candidate.product}")
