"""E5: no promotion while a complaint is open; a person looks after the user instead, where the policy has one."""

from datetime import datetime

from schemas.decision import Reason
from schemas.message_class import MessageClass
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, hold


def unhappy(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Holds a promotion until the last complaint is settled, which wakes it, or until it expires."""
    if view.message_class is not MessageClass.PROMOTION or not view.book.unhappy:
        return None
    products = ", ".join(sorted(product for product, each in view.book.complaints.items() if each.open))
    return hold(Reason.UNHAPPY, candidate.expires, f"a complaint is open about {products}")
