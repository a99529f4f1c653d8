"""What is for all users together goes out on a lease: the stages of budget, volume cap and blast radius ask here."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.lease import MICROS, budget
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop, hold
from streams.dispatch.holding import NOTHING
from streams.limits import Need


def short(
    reason: Reason,
    needs: tuple[Need, ...],
    candidate: Candidate,
    channel: Channel,
    view: View,
    now: datetime,
    until: datetime | None = None,
) -> Finding | None:
    """Holds where a lease does not cover what a message takes, until one comes; drops what the policy never allows.

    Until ``until``, or the end of the limit's window; while a lease may be on its way, a candidate with another channel
    left waits for it briefly before he tries that. What comes after it in order is not asked for yet: whoever kept a
    later resource and waited for an earlier one could wait for somebody who does the opposite, for ever.
    """
    for need in needs:
        limit, holding = view.limits[need.resource], view.holdings.get(need.resource, NOTHING)
        free = holding.free(now)
        if limit.amount is not None and need.units > limit.amount:
            return drop(reason, f"{need.resource} takes {_said(need.units, need)}, at most {_said(limit.amount, need)}")
        if free < need.units:
            takes = view.takes(candidate, channel)
            detail = f"{need.resource} takes {_said(need.units, need)}, {_said(free, need)} leased here"
            soon = holding.awaited(now) if channel is not view.channels[-1] else None
            until = soon or until or limit.window.ends(now)
            return hold(reason, until, detail, need, takes[: takes.index(need) + 1], brief=soon is not None)
    return None


def _said(units: int, need: Need) -> str:
    return f"{units / MICROS:g}" if need.resource.startswith(budget()) else str(units)
