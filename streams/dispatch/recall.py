"""One recall from its first message to its close: after a final failure it goes on, on another channel (E6, E13)."""

from datetime import datetime

from msgspec.structs import replace

from schemas.channel import Channel
from schemas.ids import message_id
from streams.dispatch.book import Book, Candidate, Recall, Send, failed, mark


def going_on(book: Book, recall: str) -> Recall | None:
    """The user's recall of this id, if it is unanswered and its newest message has failed for good; else None."""
    known = book.recall
    if known is None or known.id != recall or known.closes is not None:
        return None
    newest = newest_message(known)
    return known if any(send.message == newest and failed(send) for send in book.sends) else None


def newest_message(recall: Recall) -> bytes:
    """The mark of the message that a recall sent last."""
    return mark(message_id(recall.id, recall.number))


def next_of(before: Recall | None, recall: str, candidate: Candidate, channel: Channel, now: datetime) -> Recall:
    """The recall with one more message, by this candidate on this channel; a new one where none goes on."""
    waits_no_more = replace(candidate, unknown_since=None, until=None, reason=None, channel=None, waits=(), takes=())
    if before is None:
        return Recall(recall, candidate.episode, candidate.stage, now, (channel,), waits_no_more)
    return replace(before, channels=(*before.channels, channel), candidate=waits_no_more)


def judged_again(book: Book, send: Send) -> Candidate | None:
    """Whose message this was, if his recall goes on because it has failed; None where another message is newer."""
    recall = book.recall
    if recall is None or going_on(book, recall.id) is None or send.message != newest_message(recall):
        return None
    return recall.candidate
