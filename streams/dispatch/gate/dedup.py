"""E6: one recall per user, over all channels, products, levels and retries; E13: it goes on where a message failed."""

from datetime import datetime

from schemas.decision import Reason
from schemas.ids import message_id
from schemas.warning import Stage
from streams.dispatch.book import Book, Candidate, Recall, mark
from streams.dispatch.gate.stage import Finding, View, drop

_RANK = {
    Stage.HEALTHY: 0,
    Stage.RETURNED: 1,
    Stage.AT_RISK: 1,
    Stage.LAPSED: 2,
    Stage.RELAPSED: 2,
    Stage.DORMANT: 3,
    Stage.LONG_DORMANT: 4,
}
"""How late a stage is. Who has returned and is warned of is at risk, and who has relapsed has lapsed: neither of a pair
is later than the other, or one silence would be answered twice."""


def dedup(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops while the user's recall is open, and for ever what it has sent; one whose last message failed goes on."""
    if view.failed is not None:
        return None
    recall = view.book.recall
    if recall is not None and _answers(recall, candidate.stage, now):
        return drop(Reason.DUPLICATE, f"recall {recall.id} of stage {recall.stage} is open")
    if _was_sent(view.book, view.recall):
        return drop(Reason.DUPLICATE, f"recall {view.recall} was sent before")
    return None


def _answers(recall: Recall, stage: Stage, now: datetime) -> bool:
    """A recall stands until the cool-down after a return is over; unanswered, until the user enters a later stage."""
    if recall.closes is not None:
        return now < recall.closes
    return _RANK[stage] <= _RANK[recall.stage]


def _was_sent(book: Book, recall: str) -> bool:
    if not book.sends:
        return False
    first = mark(message_id(recall, 1))
    return any(send.message == first for send in book.sends)
