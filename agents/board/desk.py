"""An owner's desk at the board: asks before a transaction, and after it tells what the committed facts say."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from agents.board.base import Board, Committed
from schemas import topics
from schemas.breaker import Breaker
from streams.board import BoardQuestion, BoardView


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
        outbound = [Committed.of(value) for value in _values(topics.OUTBOUND, facts)]
        decisions = [Committed.of(value) for value in _values(topics.DECISIONS, facts)]
        breakers = [Breaker.decode(value) for value in _values(topics.BREAKERS, facts)]
        unused = Counter(self._view.tokens if self._view else {})
        unused.subtract(each.said.channel for each in outbound if each.said.channel)
        self._view = None
        if outbound or decisions or +unused:
            await self._board.told(outbound, decisions, +unused, now)
        if breakers:
            await self._board.breaker(breakers, now)


def _values(topic: str, facts: Sequence[Written]) -> list[bytes]:
    return [fact.value for fact in facts if fact.topic == topic and fact.value is not None]
