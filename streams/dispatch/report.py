"""What feedback about a message changes in its user's book, whatever its order and however often it comes (F1)."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from schemas.feedback import Feedback, FeedbackKind
from streams.dispatch.book import Book, Send, heard, mark, spoken, told
from streams.dispatch.known import Word

_FAILURES = (FeedbackKind.FAILED, FeedbackKind.BOUNCED)


class Harm(StrEnum):
    """What a breaker counts."""

    COMPLAINT = "complaint"
    FAILURE = "failure"


class Hearing(StrEnum):
    """What became of a report; ``unknown``: about no message that is remembered, it counts for no breaker."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


class Heard(NamedTuple):
    """The book after a report, and what the breaker of the message's channel shall count."""

    book: Book
    hearing: Hearing
    send: Send | None = None
    harm: Harm | None = None


def hear(book: Book, feedback: Feedback, now: datetime) -> Heard:
    """A message has each kind of feedback once, and harms once by failing and once by a complaint.

    Unsubscribing and complaining hold even where the message is no longer remembered: they are about the user.
    """
    at = min(feedback.time, now)
    if feedback.kind is FeedbackKind.UNSUBSCRIBED:
        book = spoken(book, feedback.channel, Word(at, given=False))
    elif feedback.kind is FeedbackKind.COMPLAINED:
        book = replace(book, complained=max(at, book.complained or at))
    about = mark(feedback.message)
    send = next((each for each in book.sends if each.message == about), None)
    if send is None:
        return Heard(book, Hearing.UNKNOWN)
    if heard(send, feedback.kind):
        return Heard(book, Hearing.DUPLICATE)
    return Heard(told(book, send, feedback.kind), Hearing.APPLIED, send, _harm(send, feedback.kind))


def _harm(send: Send, kind: FeedbackKind) -> Harm | None:
    if kind is FeedbackKind.COMPLAINED:
        return Harm.COMPLAINT
    if kind in _FAILURES and not heard(send, *_FAILURES):
        return Harm.FAILURE
    return None
