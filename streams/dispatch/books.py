"""The books of a partition's users while a transaction is under way; ``queue`` and ``pending`` show who waits."""

from collections.abc import Iterable, Mapping

from streams.dispatch.book import BOOKS, EMPTY, Book, Candidate
from streams.dispatch.pending import Pending
from streams.dispatch.queue import Queue
from streams.role import Table, UserFault


class Books:
    """Reads a user's book once a transaction and writes it once, however often it changes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._read: dict[bytes, Book] = {}
        self._changed: set[bytes] = set()
        self.queue = Queue()
        self.pending = Pending()
        self.ordered: list[bytes] = []
        """The users about whom operators' words stood when the books were opened."""
        for key, packed in table.items():
            book = BOOKS.unpack(key, packed)
            self._place(key, book.held)
            if book.silenced or book.suppressed:
                self.ordered.append(key)
        self.pending.opened()

    def __getitem__(self, key: bytes) -> Book:
        book = self._read.get(key)
        if book is None:
            packed = self._table.get(key)
            book = self._read[key] = EMPTY if packed is None else BOOKS.unpack(key, packed)
        return book

    def __setitem__(self, key: bytes, book: Book) -> None:
        if self[key].held is not book.held:
            self._place(key, book.held)
        self._read[key] = book
        self._changed.add(key)

    def judge(self, keys: Iterable[bytes]) -> None:
        """Those of them who wait are judged again, now or as soon as they are ripe."""
        for key in keys:
            if (held := self[key].held) is not None:
                self.pending.enter(key, held.offset)

    def _place(self, key: bytes, candidate: Candidate | None) -> None:
        self.queue.place(key, candidate)
        self.pending.leave(key)
        if candidate is not None and candidate.unjudged:
            self.pending.enter(key, candidate.offset)

    def settle(self) -> Mapping[bytes, bytes | None]:
        """What changed since the last call, packed; an empty book is deleted."""
        changed = {key: self._read[key] for key in sorted(self._changed)}
        self._read.clear()
        self._changed.clear()
        return {key: None if book == EMPTY else _packed(key, book) for key, book in changed.items()}


def _packed(key: bytes, book: Book) -> bytes:
    try:
        return BOOKS.pack(book)
    except Exception as error:
        raise UserFault(key, written=True) from error
