"""E10: what messages cost in a day, over all users together and by playbook."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.lease import short
from streams.dispatch.gate.stage import Finding, View


def budget(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds on a channel that costs more than is leased here; a channel that costs nothing always passes."""
    return short(Reason.BUDGET, view.needed(candidate, channel).budget, candidate, channel, view, now)
