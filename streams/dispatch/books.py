"""The books of a partition's users while a transaction is under way; the queue always shows who waits in them."""

from collections.abc import Mapping

from streams.dispatch.book import BOOKS, EMPTY, Book
from streams.dispatch.queue import Queue
from streams.role import Table


class Books:
    """Reads a user's book once a transaction and writes it once, however often it changes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._read: dict[bytes, Book] = {}
        self._changed: set[bytes] = set()
        self.queue = Queue()
        self.ordered: list[bytes] = []
        """The users about whom operators' words stood when the books were opened."""
        for key, packed in table.items():
            book = BOOKS.unpack(key, packed)
            if book.held is not None:
                self.queue.place(key, book.held)
            if book.silenced or book.suppressed:
                self.ordered.append(key)

    def __getitem__(self, key: bytes) -> Book:
        book = self._read.get(key)
        if book is None:
            packed = self._table.get(key)
            book = self._read[key] = EMPTY if packed is None else BOOKS.unpack(key, packed)
        return book

    def __setitem__(self, key: bytes, book: Book) -> None:
        if self[key].held is not book.held:
            self.queue.place(key, book.held)
        self._read[key] = book
        self._changed.add(key)

    def settle(self) -> Mapping[bytes, bytes | None]:
        """What changed since the last call, packed; an empty book is deleted."""
        changed = {key: self._read[key] for key in sorted(self._changed)}
        self._read.clear()
        self._changed.clear()
        return {key: None if book == EMPTY else BOOKS.pack(book) for key, book in changed.items()}
