"""The shape of a stage: pure, one question, one finding; None lets the candidate pass."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.channel import Channel
from schemas.decision import Call, Reason
from schemas.policy import Playbook, Policy
from streams.board import BoardView
from streams.control import Order
from streams.dispatch.book import Book, Candidate
from streams.dispatch.standing import Standings


class View(NamedTuple):
    """What is known at the instant of a judgement.

    ``channels`` are those of the playbook that the policy has, in the playbook's order; ``recall`` is the id of the
    recall this candidate would open; ``newer`` says that a later warning of the user is here; ``tokens`` are what is
    left of the provider's rate, ``queued`` the candidates already waiting for it; ``remembered`` is how many messages
    a book keeps; ``paused`` is the operator's order that pauses the playbook, if one stands.
    """

    user: str
    book: Book
    policy: Policy
    playbook: Playbook | None
    channels: tuple[Channel, ...]
    recall: str
    newer: bool
    board: BoardView
    tokens: Mapping[Channel, int]
    queued: Mapping[Channel, int]
    standings: Standings
    remembered: int
    paused: Order | None = None


class Finding(NamedTuple):
    """Why a candidate cannot be sent now (hold, until when) or at all (drop)."""

    call: Call
    reason: Reason
    detail: str
    until: datetime | None = None


def hold(reason: Reason, until: datetime, detail: str) -> Finding:
    """Not before ``until``."""
    return Finding(Call.HOLD, reason, detail, until)


def drop(reason: Reason, detail: str) -> Finding:
    """Never."""
    return Finding(Call.DROP, reason, detail)


Rule = Callable[[Candidate, View, datetime], Finding | None]
ChannelRule = Callable[[Candidate, Channel, View, datetime], Finding | None]


class Stage(NamedTuple):
    """A rule about the candidate itself, whatever the channel."""

    name: str
    rule: Rule


class ChannelStage(NamedTuple):
    """A rule about the candidate on one channel."""

    name: str
    rule: ChannelRule
