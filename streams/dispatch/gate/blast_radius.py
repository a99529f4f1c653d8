"""E17: a run of messages far above the usual waits for an operator."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.lease import short
from streams.dispatch.gate.stage import Finding, View


def blast_radius(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds while no message is leased here: until a lease comes, were it as late as the candidate's expiry."""
    until = None if view.policy.blast.resumes else candidate.expires
    return short(Reason.BLAST_RADIUS, view.needs[channel].blast, candidate, channel, view, now, until)
