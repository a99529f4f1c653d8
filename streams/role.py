"""The shape every role has: its topics, a pure step, a pure tick.

A *role* turns the records of its topics into facts for other topics. Each of its partitions is worked by one owner,
a transaction at a time::

    hear(broadcasts) -> question -> answer(board) -> step(records) ... -> tick -> settle()

Nothing here reads a clock or the network: ``now`` is the processing time of the transaction, read once by the caller
and never running backwards. Given the same table, memo and calls, a partition gives the same facts and writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.base import Message

Headers = tuple[tuple[str, bytes], ...]


class Record(Protocol):
    """One record as it stands on a topic."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Record time, milliseconds since the epoch."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Iterable[tuple[str, bytes]]: ...


class Fact(NamedTuple):
    """A record to be written in this transaction; without a partition it goes to the owner's own number."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


def fact_of(message: Message, partition: int | None = None) -> Fact:
    """The record that puts a message on its topic, with its key and its CloudEvents headers."""
    return Fact(message.TOPIC, message.key.encode(), message.encode(), message.headers(), partition)


class Settled(NamedTuple):
    """What a transaction leaves in the book: state records (None deletes) and the partition's own memo."""

    writes: Mapping[bytes, bytes | None]
    memo: bytes


class Table(Protocol):
    """The committed state of a partition; a partition keeps what it has not settled yet to itself."""

    def get(self, key: bytes, /) -> bytes | None: ...
    def items(self) -> Iterable[tuple[bytes, bytes]]: ...


class Partition(Protocol):
    """One partition of a role between opening and closing; on any failure it is thrown away and opened again."""

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Apply records of a broadcast topic, in offset order."""
        ...

    def question(self, batches: Sequence[tuple[str, Sequence[Record]]], now: datetime) -> object | None:
        """What must be known of the outside world before these records and a tick can be judged; None for nothing."""
        ...

    def answer(self, seen: object) -> None:
        """Take what the world answered; it holds until the transaction settles."""
        ...

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Apply records of one of the role's topics, in offset order."""
        ...

    def tick(self, now: datetime, caught_up: bool) -> Iterable[Fact]:
        """Do what is due though no record came; ``caught_up``: nothing of the role's topics waits to be read."""
        ...

    def settle(self) -> Settled:
        """Hand over what changed since the last call; the caller commits it or throws the partition away."""
        ...


class Open(Protocol):
    """Opens one partition of a role from its committed table and memo (None at the very first time)."""

    def __call__(self, number: int, table: Table, memo: bytes | None) -> Partition: ...
