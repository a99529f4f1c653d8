"""E4: no push to a removed app, no WeChat to one who does not follow."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def reachable(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Drops on a channel that does not lead to the user, and push about a product whose app he has removed."""
    if view.book.reachable(channel, candidate.product):
        return None
    removed = view.book.removed.get(candidate.product) if channel is Channel.PUSH else None
    return drop(
        Reason.UNREACHABLE, f"the app was removed at {removed}" if removed else f"{channel} does not reach the user"
    )
