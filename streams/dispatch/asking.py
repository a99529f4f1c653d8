"""What the board is asked before a transaction's judgements, and what is left of its answer while they are made."""

from collections import Counter
from collections.abc import Iterable

from schemas.channel import Channel
from streams.board import NOTHING, BoardQuestion, BoardView

UNASKED = BoardView(reachable=False, tokens={}, contacted={})
"""What is known of a user whom the board was not asked about."""


class Asking:
    """One transaction's question and answer."""

    def __init__(self) -> None:
        self._tokens: Counter[Channel] = Counter()
        self._users: set[str] = set()
        self._view = UNASKED
        self.tokens: dict[Channel, int] = {}

    def about(self, user: str, channels: Iterable[Channel]) -> None:
        """A candidate of this user may need a token of one of these channels."""
        self._users.add(user)
        self._tokens.update(channels)

    def question(self) -> BoardQuestion | None:
        """Everything asked about; None where nobody is judged."""
        question = BoardQuestion(dict(self._tokens), frozenset(self._users))
        return None if question == NOTHING else question

    def answered(self, view: BoardView) -> None:
        """The board's answer holds from now on."""
        self._view = view
        self.tokens = dict(view.tokens)

    def view(self, user: str) -> BoardView:
        """What the board says, as far as it was asked about this user."""
        return self._view if user in self._users else UNASKED

    def spend(self, channel: Channel) -> None:
        """One token is used."""
        self.tokens[channel] -= 1
