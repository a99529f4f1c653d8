"""What the dispatcher remembers of one user: who may be reached how, what was sent, what is open, what waits."""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.feedback import FeedbackKind
from schemas.message_class import MessageClass
from schemas.warning import Level, Stage
from streams.codec import Codec
from streams.control import Order
from streams.dispatch.known import Known, Word, agrees, later
from streams.limits import Need

SENDS_KEPT = 16
"""Outlasts every stage: within the default caps a user cannot get as many messages while one stage lasts; those that a
cap still counts are kept beyond it."""
RETURNS_KEPT = 4


class Send(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A message that was committed; ``round`` if it was a probe; ``heard`` has one bit a kind of feedback.

    ``counted``: for caps, as its playbook had it.
    """

    message: bytes
    channel: Channel
    at: datetime
    round: int = 0
    heard: int = 0
    kind: MessageClass = MessageClass.PROMOTION
    counted: bool = True


class Candidate(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A warning on its way through the gate; ``number`` counts its decisions, ``reason`` and the rest say why it waits.

    ``waits``: looked at again as soon as so much of one of these is leased here; ``takes``: what should be leased here
    for it.
    """

    warning: str
    level: Level
    episode: str
    product: str
    stage: Stage
    since: datetime
    expires: datetime
    number: int = 0
    unknown_since: datetime | None = None
    until: datetime | None = None
    reason: Reason | None = None
    channel: Channel | None = None
    waits: tuple[Need, ...] = ()
    takes: tuple[Need, ...] = ()
    offset: int = -1
    """Of the warning, on its topic: candidates are judged in this order."""

    @property
    def unjudged(self) -> bool:
        """Whether it was taken, or its message has failed, and nobody has judged it since."""
        return self.reason is None


class Complaints(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """How many complaints were open in a product when something was last said of them."""

    open: int
    at: datetime


class Recall(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One recall of this user (E6): open from its message until ``closes``, or until a later stage is reached.

    ``channels`` has one for each message, in their order; ``candidate`` is whom the newest was for.
    """

    id: str
    episode: str
    stage: Stage
    opened: datetime
    channels: tuple[Channel, ...]
    candidate: Candidate
    closes: datetime | None = None

    @property
    def number(self) -> int:
        """How many messages it has sent; each but the newest has failed."""
        return len(self.channels)


class Book(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """All of it; every list newest first. ``complaints`` and ``removed`` (apps, and when) are by product.

    ``silenced`` and ``suppressed`` are operators' words that stand (G6); ``aggrieved`` is when a complaint about the
    service was opened last, ``complained`` one about a message.
    """

    profile: Known | None = None
    words: dict[Channel, Word] = {}
    recall: Recall | None = None
    sends: tuple[Send, ...] = ()
    held: Candidate | None = None
    returned: tuple[bytes, ...] = ()
    silenced: Order | None = None
    suppressed: Order | None = None
    complaints: dict[str, Complaints] = {}
    removed: dict[str, datetime] = {}
    aggrieved: datetime | None = None
    complained: datetime | None = None
    aside: datetime | None = None
    """When a record about the user could not be handled: it may have been a no, so nothing is sent from then on."""

    def consents(self, channel: Channel) -> bool:
        """Whether the user may be messaged on a channel: as the newer of profile and his own word says (E3)."""
        return agrees(self.profile, self.words.get(channel), channel)

    def reachable(self, channel: Channel, product: str) -> bool:
        """Whether a channel leads to the user (E4): no push about a product whose app was removed."""
        if channel is Channel.PUSH and product in self.removed:
            return False
        return self.profile is not None and channel in self.profile.reachable

    @property
    def unhappy(self) -> bool:
        """Whether a complaint of his is open, about any product (E5)."""
        # asked several times a judgement, and mostly there are none
        return bool(self.complaints) and any(each.open for each in self.complaints.values())


EMPTY = Book()


def _user(key: bytes) -> str:
    return f"of user {key.decode(errors='backslashreplace')!r}"


BOOKS = Codec("dispatcher-user", Book, version=2, upgrades={1: lambda fields: fields}, naming=_user)
"""Version 2: the offset of a candidate's warning, candidates without a reason (unjudged), and ``aside``."""


def mark(name: str) -> bytes:
    """Eight bytes that stand for a name: enough to know it again.

    >>> mark("m1") == mark("m1"), mark("m1") == mark("m2"), len(mark("m1"))
    (True, False, 8)
    """
    return blake2b(name.encode(), digest_size=8).digest()


def sent(book: Book, send: Send, recall: Recall, memory: timedelta) -> Book:
    """A message is on its way and its recall is open; what is younger than ``memory`` is remembered, and some more."""
    kept = (each for n, each in enumerate(book.sends, 1) if n < SENDS_KEPT or send.at - each.at < memory)
    return replace(book, sends=(send, *kept), recall=recall, held=None)


def introduced(book: Book, newest: Known | None) -> Book:
    """The newest profile holds; without one there is no consent and no way to reach the user (A5)."""
    return replace(book, profile=newest)


def unjudged(book: Book, candidate: Candidate, now: datetime) -> Book:
    """This candidate waits for its first judgement, or for its next one after a message that failed."""
    return replace(book, held=replace(candidate, until=now, reason=None))


def returned(book: Book, episode: str, closes: datetime) -> Book:
    """The user has come back from an episode: it is overtaken, and an open recall closes at ``closes``."""
    recall = book.recall
    if recall is not None and recall.closes is None:
        recall = replace(recall, closes=closes)
    return replace(book, returned=(mark(episode), *book.returned[: RETURNS_KEPT - 1]), recall=recall)


def spoken(book: Book, channel: Channel, word: Word) -> Book:
    """The user has said whether he wants messages on a channel."""
    return replace(book, words={**book.words, channel: later(book.words.get(channel), word)})


BITS: Final = {
    FeedbackKind.ACCEPTED: 1,
    FeedbackKind.DELIVERED: 2,
    FeedbackKind.FAILED: 4,
    FeedbackKind.BOUNCED: 8,
    FeedbackKind.OPENED: 16,
    FeedbackKind.CLICKED: 32,
    FeedbackKind.COMPLAINED: 64,
    FeedbackKind.UNSUBSCRIBED: 128,
}
"""The bit of each kind in what a record keeps of a message (``Send.heard``): a number once given stays."""


def heard(send: Send, *kinds: FeedbackKind) -> bool:
    """Whether feedback of one of these kinds has come in for a message."""
    return any(send.heard & BITS[kind] for kind in kinds)


FAILURES = (FeedbackKind.FAILED, FeedbackKind.BOUNCED)
ARRIVED = frozenset(FeedbackKind) - {FeedbackKind.ACCEPTED, *FAILURES}
"""Whoever opens, clicks, complains or unsubscribes has got the message, whatever else is said of it."""


def failed(send: Send) -> bool:
    """Whether a message has failed for good: said to have, and nothing says that it arrived. Order plays no part."""
    return heard(send, *FAILURES) and not heard(send, *ARRIVED)


def told(book: Book, send: Send, kind: FeedbackKind) -> Book:
    """This kind of feedback has come in for a message."""
    now = replace(send, heard=send.heard | BITS[kind])
    return replace(book, sends=tuple(now if each is send else each for each in book.sends))
