"""E11: what the message would say, rendered and checked; what cannot be said on one channel may be on the next."""

from datetime import datetime

from schemas.channel import Channel
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def copy(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Drops on a channel on which anything is to be objected to text or link; the detail names all of it."""
    objections = view.written(candidate, channel).objections
    if not objections:
        return None
    return drop(objections[0].reason, "; ".join(map(str, objections)))
