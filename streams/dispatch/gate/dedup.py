"""E6: one recall per user, over all channels, products, levels and retries."""

from datetime import datetime

from schemas.decision import Reason
from schemas.ids import message_id
from schemas.warning import Stage
from streams.dispatch.book import Book, Candidate, Recall, mark
from streams.dispatch.gate.stage import Finding, View, drop

_RANK = {stage: rank for rank, stage in enumerate((Stage.AT_RISK, Stage.LAPSED, Stage.DORMANT, Stage.LONG_DORMANT), 1)}


def dedup(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops while the user's recall is open, and for ever what the same recall has already sent."""
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
    return _RANK.get(stage, 0) <= _RANK.get(recall.stage, 0)


def _was_sent(book: Book, recall: str) -> bool:
    if not book.sends:
        return False
    first = mark(message_id(recall, 1))
    return any(send.message == first for send in book.sends)
