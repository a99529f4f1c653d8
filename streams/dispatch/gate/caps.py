"""E9: frequency caps of one user in rolling windows: a message counts until ``hours`` after its sending."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.policy import Cap
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop, hold


def channel_cap(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds while the channel's own cap is used up."""
    times = (send.at for send in view.book.sends if send.channel is channel)
    return _full(view.policy.channels[channel].cap, times, Reason.CHANNEL_CAP, now)


def total_cap(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Holds while the cap over all channels is used up."""
    return _full(view.policy.caps.total, (send.at for send in view.book.sends), Reason.GLOBAL_CAP, now)


def _full(cap: Cap, newest_first: Iterable[datetime], reason: Reason, now: datetime) -> Finding | None:
    """A hold until the oldest of the newest ``count`` messages leaves the window."""
    if cap.count == 0:
        return drop(reason, "the policy allows none")
    window = timedelta(hours=cap.hours)
    inside = [at for at in newest_first if now < at + window]
    if len(inside) < cap.count:
        return None
    return hold(reason, inside[cap.count - 1] + window, f"{len(inside)} in {cap.hours} h, at most {cap.count}")
