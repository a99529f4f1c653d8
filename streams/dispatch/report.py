"""What feedback about a message changes in its user's book, whatever its order and however often it comes (F1)."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from schemas.feedback import Feedback, FeedbackKind
from streams.dispatch.book import FAILURES, Book, Send, heard, mark, spoken, told
from streams.dispatch.incoming import Obeyed
from streams.dispatch.known import Word


class Harm(StrEnum):
    """What a breaker counts."""

    COMPLAINT = "complaint"
    FAILURE = "failure"


class Hearing(StrEnum):
    """What became of a report; only one that is applied counts for a breaker and lets a recall go on.

    ``unknown``: about no message of this user that is remembered. ``mismatched``: about one of another channel.
    """

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    MISMATCHED = "mismatched"


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
    if send.channel is not feedback.channel:
        return Heard(book, Hearing.MISMATCHED)
    if heard(send, feedback.kind):
        return Heard(book, Hearing.DUPLICATE)
    return Heard(told(book, send, feedback.kind), Hearing.APPLIED, send, _harm(send, feedback.kind))


OBEYED_IN_PART = "obeyed_in_part"
"""What became of a profile or report that is refused, and takes something back."""


def obeyed(book: Book, what: Obeyed, now: datetime) -> Book:
    """The user's record after a refused record took something back: the kept profile says no, and so does the user."""
    profile = book.profile
    if profile is not None:
        kept = tuple(channel for channel in profile.consents if channel not in what.channels)
        silent = max(filter(None, (profile.silent_until, what.silent_until)), default=None)
        book = replace(book, profile=replace(profile, consents=kept, silent_until=silent))
    for channel in what.channels:
        book = spoken(book, channel, Word(now, given=False))
    return replace(book, complained=max(now, book.complained or now)) if what.complains else book


def _harm(send: Send, kind: FeedbackKind) -> Harm | None:
    if kind is FeedbackKind.COMPLAINED:
        return Harm.COMPLAINT
    if kind in FAILURES and not heard(send, *FAILURES):
        return Harm.FAILURE
    return None
