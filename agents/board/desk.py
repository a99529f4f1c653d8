"""An owner's desk at the board: asks before a transaction, and after it tells what the committed facts say."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from agents.board.base import Board
from schemas import topics
from schemas.base import Message
from schemas.breaker import Breaker
from schemas.decision import Decision
from schemas.outbound import Outbound
from streams.board import BoardQuestion, BoardView

M = TypeVar("M", bound=Message)


class Written(Protocol):
    """A fact as it was written."""

    @property
    def topic(self) -> str: ...
    @property
    def value(self) -> bytes | None: ...


class Desk:
    """What the world is to one owner, whatever its role; one desk an owner, for it remembers which tokens it took."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._view: BoardView | None = None

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        """The board at this instant."""
        self._view = await self._board.look(question, now)
        return self._view

    async def told(self, facts: Sequence[Written], now: datetime) -> None:
        """The board knows what these committed facts say, and has back the tokens of the last look that they left.

        Called after the commit, never before: what a crash in between loses are tokens, contacts and counters of the
        read model, nothing of the book. Facts that do not concern the board cost no round trip.
        """
        outbound = _of(Outbound, topics.OUTBOUND, facts)
        decisions = _of(Decision, topics.DECISIONS, facts)
        breakers = _of(Breaker, topics.BREAKERS, facts)
        unused = Counter(self._view.tokens if self._view else {})
        unused.subtract(message.channel for message in outbound)
        self._view = None
        if outbound or decisions or +unused:
            await self._board.told(outbound, decisions, +unused, now)
        if breakers:
            await self._board.breaker(breakers, now)


def _of(kind: type[M], topic: str, facts: Sequence[Written]) -> list[M]:
    return [kind.decode(fact.value) for fact in facts if fact.topic == topic and fact.value is not None]
