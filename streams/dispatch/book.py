"""What the dispatcher remembers of one user: who may be reached how, what was sent, what is open, what waits."""

from datetime import datetime
from hashlib import blake2b

from msgspec import Struct
from msgspec.structs import replace

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.feedback import FeedbackKind
from schemas.policy import Policy
from schemas.profile import Profile
from schemas.warning import Level, Stage
from streams.control import Order
from streams.limits import Need
from streams.packed import Packing

SENDS_KEPT = 16
"""Outlasts every stage: within the default caps a user cannot get as many messages while one stage lasts."""
RETURNS_KEPT = 4


class Known(Struct, frozen=True, array_like=True, gc=False):
    """What of the newest profile the gate asks for."""

    time: datetime
    consents: tuple[Channel, ...]
    reachable: tuple[Channel, ...]
    zone: str | None


class Send(Struct, frozen=True, array_like=True, gc=False):
    """A message that was committed; ``round`` if it was a probe; ``heard`` has one bit a kind of feedback."""

    message: bytes
    channel: Channel
    at: datetime
    round: int = 0
    heard: int = 0


class Recall(Struct, frozen=True, array_like=True, gc=False):
    """One recall of this user (E6): open from its message until ``closes``, or until a later stage is reached."""

    id: str
    episode: str
    stage: Stage
    opened: datetime
    number: int = 1
    closes: datetime | None = None


class Candidate(Struct, frozen=True, array_like=True, gc=False):
    """A warning on its way through the gate; ``number`` counts its decisions, what follows ``until`` says why it waits.

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


class Book(Struct, frozen=True, array_like=True, gc=False):
    """All of it; every list newest first; ``silenced`` and ``suppressed`` are operators' words that stand (G6)."""

    profile: Known | None = None
    refused: dict[Channel, datetime] = {}
    recall: Recall | None = None
    sends: tuple[Send, ...] = ()
    held: Candidate | None = None
    returned: tuple[bytes, ...] = ()
    silenced: Order | None = None
    suppressed: Order | None = None

    def consents(self, channel: Channel) -> bool:
        """Whether the user may be messaged on a channel: by the profile, unless he has unsubscribed since (E3)."""
        if self.profile is None or channel not in self.profile.consents:
            return False
        refused = self.refused.get(channel)
        return refused is None or refused < self.profile.time

    def reachable(self, channel: Channel) -> bool:
        """Whether a channel leads to the user (E4)."""
        return self.profile is not None and channel in self.profile.reachable


EMPTY = Book()
BOOKS = Packing(Book, version=1)


def mark(name: str) -> bytes:
    """Eight bytes that stand for a name: enough to know it again.

    >>> mark("m1") == mark("m1"), mark("m1") == mark("m2"), len(mark("m1"))
    (True, False, 8)
    """
    return blake2b(name.encode(), digest_size=8).digest()


def introduced(book: Book, profile: Profile | None, now: datetime) -> Book:
    """The newest profile holds; a deleted one leaves no consent and no way to reach the user (A5).

    A profile from the future counts as of now: else no later unsubscription could overrule it.
    """
    if profile is None:
        return replace(book, profile=None)
    consents = tuple(channel for channel, given in profile.consent.items() if given)
    return replace(book, profile=Known(min(profile.time, now), consents, profile.reachable, profile.zone))


def sends_kept(policy: Policy) -> int:
    """How many messages of a user are remembered: enough for every cap to be counted out."""
    caps = (policy.caps.total, *(channel.cap for channel in policy.channels.values()))
    return max(SENDS_KEPT, *(cap.count for cap in caps))


def sent(book: Book, send: Send, recall: Recall, kept: int) -> Book:
    """A message is on its way and its recall is open; the newest ``kept`` messages are remembered."""
    return replace(book, sends=(send, *book.sends[: kept - 1]), recall=recall, held=None)


def returned(book: Book, episode: str, closes: datetime) -> Book:
    """The user has come back from an episode: it is overtaken, and an open recall closes at ``closes``."""
    recall = book.recall
    if recall is not None and recall.closes is None:
        recall = replace(recall, closes=closes)
    return replace(book, returned=(mark(episode), *book.returned[: RETURNS_KEPT - 1]), recall=recall)


def refused(book: Book, channel: Channel, at: datetime) -> Book:
    """The user wants no more on a channel; a profile of that time or older does not bring consent back."""
    latest = max(at, book.refused.get(channel, at))
    return replace(book, refused={**book.refused, channel: latest})


_BITS = {kind: 1 << place for place, kind in enumerate(FeedbackKind)}


def heard(send: Send, kind: FeedbackKind) -> bool:
    """Whether this kind of feedback has come in for a message."""
    return bool(send.heard & _BITS[kind])


def told(book: Book, send: Send, kind: FeedbackKind) -> Book:
    """This kind of feedback has come in for a message."""
    now = replace(send, heard=send.heard | _BITS[kind])
    return replace(book, sends=tuple(now if each is send else each for each in book.sends))
