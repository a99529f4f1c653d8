"""E8: a message reaches the user in hours that the policy and he himself allow, on the clock where he lives."""

from datetime import datetime

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop, hold


def quiet_hours(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds until the first moment that is allowed; drops where there never is one."""
    own = view.book.profile.own_hours if view.book.profile else None
    hours = view.hours.of(channel, view.message_class, view.zone, own)
    if hours is None or hours.allow(now):
        return None
    until = hours.next(now)
    if until is None:
        return drop(Reason.QUIET_HOURS, f"his own quiet hours leave none of those in which {channel} is allowed")
    return hold(Reason.QUIET_HOURS, until, f"it is {now.astimezone(hours.zone):%a %H:%M} in {view.zone}")
