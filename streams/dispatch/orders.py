"""What operators have ordered, as one partition knows it (G6): of its users in their books, of all else in its memo.

An order counts once: heard again (at every opening all that stand are), it is no news; and what stands here and no
longer on the topic was taken back while nobody listened.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final

from msgspec.structs import replace

from schemas.control import EVERY, ControlKind
from streams.control import Order, Word, about, read_word
from streams.dispatch.book import Book
from streams.dispatch.books import Books
from streams.role import Record

BY_USER: Final[Mapping[ControlKind, str]] = {ControlKind.SILENCE: "silenced", ControlKind.SUPPRESS: "suppressed"}
"""The kinds whose target is a user, and the field of his book that holds them."""


class OrderOutcome(StrEnum):
    """What became of an order; also metric label values."""

    TAKEN = "taken"
    LIFTED = "lifted"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    """The record is not an operator's word about what its key names: what would forbid something is obeyed without an
    end, all else changes nothing.
    """


class Orders:
    """The orders of one partition; ``kept`` is the part that is no user's, and changes in place."""

    def __init__(self, kept: dict[str, Order], books: Books, home: Callable[[bytes], bool]) -> None:
        self._kept, self._books, self._home = kept, books, home
        self._ends: list[tuple[datetime, str]] = []
        self.standing: Counter[ControlKind] = Counter()
        """How many orders of each kind stand, those whose target's hash names this partition."""
        self.tally: Counter[str] = Counter()
        self.affected: set[bytes] = set()
        """Users whose orders have changed and who were not judged since."""
        self._unheard: set[str] | None = set()
        for key, order in self._opened():
            self._unheard.add(key)
            self._enter(key, order, 1)

    def hear(self, records: Iterable[Record], now: datetime) -> None:
        """Apply records in offset order; the first after opening are all that stand (see ``RoleSpec.orders``)."""
        for word in map(read_word, filter(self._concerns, records)):
            if self._unheard is not None:
                self._unheard.discard(word.key)
            self._apply(word, now)
        for key in sorted(self._unheard or ()):
            self._apply(_word(key), now)
        self._unheard = None

    def expire(self, now: datetime) -> None:
        """Orders whose ``until`` has come stand no longer."""
        while self._ends and self._ends[0][0] <= now:
            end, key = heappop(self._ends)
            word = _word(key)
            order = self._order(word)
            if order is not None and order.until == end:
                self._put(word, None)
                self._count(word, OrderOutcome.EXPIRED)

    def target(self, record: Record) -> bytes | None:
        """The user of ours whom a word is about; None where it is about another, or about no user."""
        kind, target = about(record.key)
        key = target.encode()
        return key if kind in BY_USER and self._home(key) else None

    def paused(self, playbook: str, now: datetime) -> Order | None:
        """The order that pauses a playbook now; of two, the one that ends later."""
        if not self._kept:  # as mostly
            return None
        keys = (f"{ControlKind.PAUSE}/{target}" for target in (playbook, EVERY))
        orders = [order for key in keys if (order := self._kept.get(key)) and order.holds(now)]
        return max(orders, key=lambda each: (each.until is None, each.until or each.at), default=None)

    def _apply(self, word: Word, now: datetime) -> None:
        if word.unreadable and word.control is None:
            self._count(word, OrderOutcome.UNREADABLE)
            return
        order, before = Order.of(word.control) if word.control else None, self._order(word)
        if order == before:
            return
        over = order is not None and not order.holds(now)
        order = None if over else order
        if order != before:
            self._put(word, order)
            taken = OrderOutcome.UNREADABLE if word.unreadable else OrderOutcome.TAKEN
            self._count(word, OrderOutcome.EXPIRED if over else taken if order else OrderOutcome.LIFTED)
            if _field(word):
                self.affected.add(word.target.encode())

    def _concerns(self, record: Record) -> bool:
        """Whether a record is about a user of ours, or about no user; said by its key, for most are about others."""
        kind, target = about(record.key)
        return kind not in BY_USER or self._home(target.encode())

    def _order(self, word: Word) -> Order | None:
        if (field := _field(word)) is None:
            return self._kept.get(word.key)
        order: Order | None = getattr(self._books[word.target.encode()], field)
        return order

    def _put(self, word: Word, order: Order | None) -> None:
        before = self._order(word)
        if before is not None:
            self._enter(word.key, before, -1)
        if (field := _field(word)) is not None:
            key = word.target.encode()
            lifts = word.kind is ControlKind.SUPPRESS and order is None  # an operator has looked at the user
            aside = None if lifts else self._books[key].aside
            self._books[key] = replace(self._books[key], aside=aside, **{field: order})
        elif order is None:
            del self._kept[word.key]
        else:
            self._kept[word.key] = order
        if order is not None:
            self._enter(word.key, order, 1)

    def _enter(self, key: str, order: Order, step: int) -> None:
        word = _word(key)
        if word.kind is not None and self._home(word.target.encode()):
            self.standing[word.kind] += step
        if step > 0 and order.until is not None:
            heappush(self._ends, (order.until, key))

    def _count(self, word: Word, heard: OrderOutcome) -> None:
        """Each order once in the installation."""
        if self._home(word.target.encode()):
            self.tally[f"control.{word.kind or 'unknown'}.{heard}"] += 1

    def _opened(self) -> Iterable[tuple[str, Order]]:
        yield from self._kept.items()
        for user in self._books.ordered:
            for kind, order in _of(self._books[user]):
                yield f"{kind}/{user.decode()}", order


def _of(book: Book) -> Iterable[tuple[ControlKind, Order]]:
    for kind, field in BY_USER.items():
        if (order := getattr(book, field)) is not None:
            yield kind, order


def _field(word: Word) -> str | None:
    """The field of a user's book that the word is about; None where it is about no user."""
    return BY_USER.get(word.kind) if word.kind else None


def _word(key: str) -> Word:
    """What a key is about, with nothing said."""
    kind, _slash, target = key.partition("/")
    return Word(ControlKind(kind), target)
