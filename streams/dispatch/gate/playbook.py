"""D1: without a playbook nothing is sent; E13: nor where it has no channel left."""

from datetime import datetime

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def playbook(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops when no playbook answers the candidate's level and product on a channel that the policy has, or may try."""
    if view.channels:
        return None
    if view.failed is not None:
        return drop(Reason.NO_CHANNEL_LEFT, f"failed on {', '.join(view.failed.channels)}")
    return drop(Reason.NO_PLAYBOOK, f"no playbook answers level {candidate.level} of product {candidate.product}")
