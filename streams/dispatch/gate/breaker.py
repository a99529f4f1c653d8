"""E12: what the governor says of a channel; half-open, only leased probes go out."""

from datetime import datetime, timedelta

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold
from streams.dispatch.standing import FIRST

WAITING = frozenset({Reason.BREAKER_OPEN, Reason.NO_PROBE})
"""Who is held for these is woken by the governor's word; his hold ends at the latest moment to look again."""


def breaker(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds while the channel's breaker is open, and while it is half-open and no probe of ours is left."""
    standing = view.standings.get(channel, FIRST)
    if standing.state is BreakerState.CLOSED or standing.probes > 0:
        return None
    pause = timedelta(minutes=view.policy.breaker.open_minutes)
    if standing.state is BreakerState.HALF_OPEN:
        return hold(
            Reason.NO_PROBE, now + pause, f"round {standing.round}: {standing.spent} probes sent, none left here"
        )
    opens = (standing.since or now) + pause
    return hold(Reason.BREAKER_OPEN, opens if opens > now else now + pause, f"open since {standing.since}")
