"""E3: nothing without consent for the channel; no profile means no consent."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop


def consent(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Drops on a channel the user has not agreed to, or has unsubscribed from since."""
    if view.book.consents(channel):
        return None
    return drop(Reason.NO_CONSENT, "no profile" if view.book.profile is None else f"no consent for {channel}")
