"""The users of one product in one partition: their states as committed, and those that this transaction has touched."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from streams.health.learning.book import reserved
from streams.health.state import State, ending_of, pack, unpack
from streams.role import Table, UserFault


class Users:
    """States by key; ``ours`` says of a key's ending whether its product is this one.

    It fulfils :class:`streams.health.learning.users.Users`.
    """

    def __init__(self, table: Table, ours: Callable[[bytes], bool]) -> None:
        self._table, self._ours = table, ours
        self.touched: Final[dict[bytes, State]] = {}
        """Written when the transaction settles."""

    def has(self, key: bytes) -> bool:
        """Whether a record is of a user of this product."""
        return not reserved(key) and self._ours(ending_of(key))

    def find(self, key: bytes) -> State | None:
        """A user's state; None for one who is not known."""
        state = self.touched.get(key)
        if state is None and (record := self._table.get(key)) is not None:
            state = unpack(key, record)
        return state

    def begun(self, key: bytes) -> State | None:
        """A user's state; None before the first occasion."""
        state = self.find(key)
        return state if state is not None and state.begun else None

    def states(self, wanted: Callable[[bytes], bool]) -> Iterable[tuple[bytes, State]]:
        """All users whose keys are wanted, as they are now."""
        for key, record in self._table.items():
            if self.has(key) and wanted(key):
                yield key, self.touched.get(key) or unpack(key, record)
        new = (key for key in self.touched if wanted(key) and self._table.get(key) is None)
        yield from ((key, self.touched[key]) for key in new)

    def state(self, key: bytes) -> State:
        """A user who is known."""
        state = self.find(key)
        assert state is not None
        return state

    def changed(self, key: bytes, state: State) -> None:
        """The user's record is written when this transaction settles."""
        self.touched[key] = state

    def settle(self, due: Callable[[bytes], int]) -> Iterator[tuple[bytes, bytes]]:
        """The records of all who were touched since the last call, each with its deadline."""
        for key, state in self.touched.items():
            try:
                record = pack(state, due(key))
            except Exception as error:
                raise UserFault(key, written=True) from error
            yield key, record
        self.touched.clear()
