"""E4: no push to a removed app, no WeChat to one who does not follow."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def reachable(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Drops on a channel that does not lead to the user."""
    return None if view.book.reachable(channel) else drop(Reason.UNREACHABLE, f"{channel} does not reach the user")
