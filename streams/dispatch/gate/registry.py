"""Nobody is messaged right after another system of the company has reached him; a message that failed has not."""

from datetime import datetime, timedelta

from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold
from streams.dispatch.recall import newest_message

LOOKS = 12
"""How often an unknown contact is asked for again within the time the policy gives it."""


def registry(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Holds for the gap after the last contact; while the registry is away, at most as long as the policy says."""
    dispatch = view.policy.dispatch
    if not dispatch.registry_gap_hours:
        return None
    if not view.board.reachable:
        return _unknown(candidate.unknown_since or now, timedelta(minutes=dispatch.registry_hold_minutes), now)
    contacted = view.board.contacted.get(view.user)
    free = contacted and contacted + timedelta(hours=dispatch.registry_gap_hours)
    if not free or free <= now or _is_failed_message(view, contacted):
        return None
    return hold(Reason.RECENTLY_CONTACTED, free, f"contacted, less than {dispatch.registry_gap_hours} h ago")


def _is_failed_message(view: View, contacted: datetime | None) -> bool:
    """Whether the last contact was our own message that has failed: nobody has written since."""
    if view.failed is None or contacted is None:
        return False
    newest = newest_message(view.failed)
    return any(send.message == newest and contacted <= send.at for send in view.book.sends)


def _unknown(since: datetime, longest: timedelta, now: datetime) -> Finding | None:
    if now >= since + longest:
        return None
    until = min(since + longest, now + longest / LOOKS)
    return hold(Reason.REGISTRY_UNKNOWN, until, f"the contact registry is away since {since.isoformat()}")
