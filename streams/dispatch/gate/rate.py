"""The provider takes so many messages a second; the rest waits in line."""

from datetime import datetime, timedelta

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold


def rate(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds without a token, for as long as the provider needs for those already in line.

    Other partitions draw on the same rate, unseen from here: so each further look at a candidate waits longer than the
    last, and a long line does not fill the stream with decisions to wait.
    """
    if view.tokens.get(channel, 0) > 0:
        return None
    in_line_already = candidate.reason is Reason.PROVIDER_RATE and candidate.channel is channel
    line = view.queued.get(channel, 0) + (not in_line_already)
    seconds = candidate.number * line / view.policy.channels[channel].rate_per_second
    left = (candidate.expires - now).total_seconds()
    until = now + timedelta(seconds=min(seconds, max(left, 0.0)))
    return hold(
        Reason.PROVIDER_RATE, until, f"number {line} in line for {channel}", takes=view.takes(candidate, channel)
    )
