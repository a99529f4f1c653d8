"""E9: how often a user is written to, and how soon again; every cap that is about the message holds for itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.channel import Channel
from schemas.decision import Call, Reason
from schemas.feedback import FeedbackKind
from schemas.policy import Cap, Counted
from streams.dispatch.book import Candidate, Send, heard
from streams.dispatch.gate.stage import Finding, View, drop, hold
from streams.dispatch.wall_clock import start_of_day, wall

_ARRIVED = (
    FeedbackKind.DELIVERED,
    FeedbackKind.OPENED,
    FeedbackKind.CLICKED,
    FeedbackKind.COMPLAINED,
    FeedbackKind.UNSUBSCRIBED,
)
_PROOFS = {Counted.ACCEPTED: (FeedbackKind.ACCEPTED, *_ARRIVED), Counted.DELIVERED: _ARRIVED}


def caps(candidate: Candidate, channel: Channel, view: View, now: datetime) -> Finding | None:
    """Holds until no cap is full and every gap is over; drops where a cap allows none. An exempt playbook passes."""
    if view.playbook is None or view.playbook.exempt:
        return None
    covering = view.caps.on(channel, view.message_class)
    found = [each for cap in covering for each in _findings(cap, channel, view, now)]
    never = next((each for each in found if each.call is Call.DROP), None)
    return never or max(found, key=lambda each: each.until or now, default=None)


def _findings(cap: Cap, channel: Channel, view: View, now: datetime) -> Iterator[Finding]:
    if cap.count == 0:
        yield drop(Reason.FREQUENCY_CAP, f"{cap.name}: none is allowed")
        return
    sends = [send for send in view.book.sends if _counts(cap, send, channel)]
    if not sends:
        return
    gap = timedelta(hours=cap.gap_hours)
    if now < sends[0].at + gap:
        detail = f"{cap.name}: the last was at {sends[0].at.isoformat()}, less than {cap.gap_hours} h ago"
        yield hold(Reason.MINIMUM_GAP, sends[0].at + gap, detail)
    if cap.count is not None:
        ends = [end for send in sends if now < (end := _leaves(cap, send.at, view.zone))]
        if len(ends) >= cap.count:
            window = f"{cap.hours} h" if cap.hours else f"{cap.days} days"
            detail = f"{cap.name}: {len(ends)} in {window}, at most {cap.count}"
            yield hold(Reason.FREQUENCY_CAP, ends[cap.count - 1], detail)


def _counts(cap: Cap, send: Send, channel: Channel) -> bool:
    """Whether a message counts for a cap that is asked about a channel."""
    if not send.counted or not cap.covers(send.channel, send.kind) or (cap.per_channel and send.channel is not channel):
        return False
    return cap.counts is Counted.ATTEMPT or heard(send, *_PROOFS[cap.counts])


def _leaves(cap: Cap, at: datetime, zone: str) -> datetime:
    """When a message of a moment leaves the window."""
    if cap.days is None:
        return at + timedelta(hours=cap.hours or 0)
    place = ZoneInfo(zone)
    return start_of_day(wall(at, place).date() + timedelta(days=cap.days), place)
