"""What a board does for one owner; the same laws hold for every board (tests/contract/test_board.py)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol, TypeVar

from schemas.breaker import Breaker
from schemas.channel import Channel
from schemas.decision import Decision
from schemas.outbound import Outbound
from streams.board import BoardQuestion, BoardView

M = TypeVar("M", Decision, Outbound)


class BoardAway(ConnectionError):
    """The read model was asked for while the board cannot be reached; ask again later."""


class UserView(NamedTuple):
    """What the read model knows of one user: the last decision, and the last message with its recall."""

    decision: Decision | None
    outbound: Outbound | None


class Board(Protocol):
    """One owner's sight of the shared board; only the reading methods raise (:class:`BoardAway`)."""

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        """Tokens are taken and contacts read in one round trip; while the board is away, a static share is taken."""
        ...

    async def told(
        self, outbound: Sequence[Outbound], decisions: Sequence[Decision], unused: Mapping[Channel, int], now: datetime
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


def funnel_field(decision: Decision) -> str:
    """Where a decision is counted: ``outcome/reason/channel``, with ``-`` for what it does not have."""
    return f"{decision.outcome}/{decision.reason or '-'}/{decision.channel or '-'}"


def last_by_user(messages: Iterable[M]) -> dict[str, M]:
    """The newest message of every user."""
    return {message.user_id: message for message in messages}
