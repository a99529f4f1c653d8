"""E12: what the governor says of a channel; degraded, promotions pause; half-open, only leased probes go out."""

from datetime import datetime, timedelta

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Reason
from schemas.lease import probes
from schemas.message_class import MessageClass
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold
from streams.dispatch.holding import NOTHING
from streams.dispatch.standing import FIRST, FREE
from streams.limits import Need


def breaker(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds while the channel's breaker is open, promotions while it is degraded, and half-open without a probe.

    Who is held is woken by the governor's word; his hold ends at the latest moment to look again.
    """
    standing = view.standings.get(channel, FIRST)
    if standing.state in FREE:
        return None
    probe, pause = Need(probes(channel), 1), timedelta(minutes=view.policy.breaker.open_minutes)
    if standing.state is BreakerState.HALF_OPEN:
        holding = view.holdings.get(probe.resource, NOTHING)
        if holding.round == standing.round and holding.free(now):
            return None
        detail = f"round {standing.round}: no probe left here"
        return hold(Reason.NO_PROBE, now + pause, detail, probe, (probe,))
    if standing.state is BreakerState.DEGRADED:
        if view.message_class is not MessageClass.PROMOTION:
            return None
        detail = f"promotions pause since {standing.since}"
        return hold(Reason.BREAKER_DEGRADED, now + pause, detail, probe, (probe,))
    opens = standing.until or (candidate.expires if standing.state is BreakerState.FORCED_OPEN else now)
    detail = f"{standing.state} since {standing.since}"
    return hold(Reason.BREAKER_OPEN, opens if opens > now else now + pause, detail, probe, (probe,))
