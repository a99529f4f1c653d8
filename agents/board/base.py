"""What a board does for one owner; the same laws hold for every board (tests/contract/test_board.py)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol, Self

import msgspec

from schemas.breaker import Breaker
from schemas.channel import Channel
from schemas.decision import Decision, Outcome, Reason
from schemas.outbound import Outbound
from streams.board import BoardQuestion, BoardView


class BoardAway(ConnectionError):
    """The read model was asked for while the board cannot be reached; ask again later."""


class Said(msgspec.Struct, frozen=True):
    """What a board must know of a committed decision or message: of its trace, for one, nothing."""

    user_id: str
    channel: Channel | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None


class Committed(NamedTuple):
    """A decision or message as it stands on its topic, of which no more is read than must be."""

    said: Said
    value: bytes

    @classmethod
    def of(cls, value: bytes) -> Self:
        """The record with this value."""
        return cls(_said(value), value)


_said = msgspec.json.Decoder(Said).decode


class UserView(NamedTuple):
    """What the read model knows of one user: the last decision, and the last message with its recall."""

    decision: Decision | None
    outbound: Outbound | None

    @classmethod
    def of(cls, decision: bytes | None, outbound: bytes | None) -> Self:
        """The view of these values, as far as there are any."""
        return cls(Decision.decode(decision) if decision else None, Outbound.decode(outbound) if outbound else None)


class Board(Protocol):
    """One owner's sight of the shared board; only the reading methods raise (:class:`BoardAway`)."""

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        """Tokens are taken and contacts read in one round trip; while the board is away, a static share is taken."""
        ...

    async def told(
        self,
        outbound: Sequence[Committed],
        decisions: Sequence[Committed],
        unused: Mapping[Channel, int],
        now: datetime,
    ) -> None:
        """After a commit: contacts and the read model hold these facts, and unused tokens of the last look are back."""
        ...

    async def breaker(self, breakers: Sequence[Breaker], now: datetime) -> None:
        """The read model holds these breaker states."""
        ...

    async def user(self, user_id: str) -> UserView:
        """What was last decided about a user and last sent to him."""
        ...

    async def funnel(self, day: date) -> Mapping[str, int]:
        """How many decisions of a UTC day had each :func:`funnel_field`."""
        ...

    async def breakers(self) -> Mapping[Channel, Breaker]:
        """The last known breaker of every channel."""
        ...


def funnel_field(decision: Said) -> str:
    """Where a decision is counted: ``outcome/reason/channel``, with ``-`` for what it does not have."""
    return f"{decision.outcome}/{decision.reason or '-'}/{decision.channel or '-'}"


def last_by_user(records: Iterable[Committed]) -> dict[str, bytes]:
    """The value of every user's newest record."""
    return {each.said.user_id: each.value for each in records}
