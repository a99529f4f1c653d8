"""The shape every role has: its topics, a pure step, a pure tick.

A *role* turns the records of its topics into facts for other topics. Each of its partitions is worked by one owner,
a transaction at a time::

    hear(broadcasts) -> step(records) ... -> question -> judge(answer) -> tick -> settle()

First everything is absorbed, then somebody is judged: a judgement sees all that was read.

Nothing here reads a clock or the network: ``now`` is the processing time of the transaction, read once by the caller
and never running backwards. Given the same table, memo and calls, a partition gives the same facts and writes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    """The changes of a transaction: state records (None deletes) and the partition's own memo.

    ``more``: somebody is left who could be judged at once, without a record or a tick.
    """

    writes: Mapping[bytes, bytes | None]
    memo: bytes
    more: bool = False


class Table(Protocol):
    """The committed state of a partition; a partition keeps what it has not settled yet to itself."""

    def get(self, key: bytes, /) -> bytes | None: ...
    def items(self) -> Iterable[tuple[bytes, bytes]]: ...


class UserFault(Exception):
    """Work for one user has failed; the cause is chained. ``user`` is a key of the table.

    ``written``: it failed while the user's record was written, so a record that was just absorbed may be the cause.
    """

    def __init__(self, user: bytes, written: bool = False) -> None:
        super().__init__(f"work for the user {user!r} has failed")
        self.user, self.written = user, written


@contextmanager
def work_for(user: bytes) -> Iterator[None]:
    """A failure inside the block is a :class:`UserFault` of the user."""
    try:
        yield
    except Exception as error:
        raise UserFault(user) from error


class Partition(Protocol):
    """One partition of a role between opening and closing; on any failure it is thrown away and opened again."""

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Apply records of a broadcast topic, in offset order."""
        ...

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Absorb records of one of the role's topics, in offset order."""
        ...

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> object | None:
        """Choose who is judged in this transaction, and return what must be asked about them; None for nothing.

        ``due``: a tick follows. ``behind``: of how many of the newest transactions, this one included, not everything
        that was known then is absorbed. ``most``: judge at most so many; None leaves the number to the role.
        """
        ...

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        """Judge those who were chosen; ``answer`` is None where nothing was asked, or nobody could be."""
        ...

    def tick(self, now: datetime, caught_up: bool) -> Iterable[Fact]:
        """Do what is due though no record came; ``caught_up``: nothing of the role's topics waits to be read."""
        ...

    def settle(self) -> Settled:
        """Hand over what changed since the last call; the caller commits it or throws the partition away."""
        ...

    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        """Leave out a record whose handling fails, and say so; raises :class:`streams.codec.UnreadableRecord` where
        leaving it out would lose something for more than one user.
        """
        ...

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        """Do nothing that fails for a user until later; ``time``: how often this was asked for in a row, from 0."""
        ...


class Open(Protocol):
    """Opens one partition of a role from its committed table and memo (None at the very first time)."""

    def __call__(self, number: int, table: Table, memo: bytes | None) -> Partition: ...
