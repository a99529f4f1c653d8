"""E9: how many messages go out to all users together, in an hour and in a day, on all channels and on each."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.lease import short
from streams.dispatch.gate.stage import Finding, View


def volume_cap(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds while no message is leased here."""
    return short(Reason.VOLUME_CAP, view.needs[channel].volume, candidate, channel, view, now)
