"""What the path asks of a role, by shape alone: anything with these attributes can be run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from agents.batches.batch import Record


class Fact(Protocol):
    """A record to be written; without a partition it goes to the owner's own number."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def partition(self) -> int | None: ...


class Settled(Protocol):
    """What a transaction leaves in the book."""

    @property
    def writes(self) -> Mapping[bytes, bytes | None]: ...
    @property
    def memo(self) -> bytes: ...
    @property
    def more(self) -> bool:
        """Whether somebody is left who could be judged at once, without a record or a tick."""
        ...


class Users(Protocol):
    """The committed state records of a partition."""

    def get(self, key: bytes, /) -> bytes | None: ...
    def items(self) -> Iterable[tuple[bytes, bytes]]: ...


class Partition(Protocol):
    """One partition of a role between opening and closing; pure, and thrown away on any failure."""

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]: ...
    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]: ...
    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> object | None:
        """Choose who is judged; ``behind``: see :class:`agents.batches.barrier.Barriers`."""
        ...

    def judge(self, answer: Any, now: datetime) -> Iterable[Fact]: ...
    def tick(self, now: datetime, caught_up: bool) -> Iterable[Fact]: ...
    def settle(self) -> Settled: ...
    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        """The record is not absorbed; raises one of the role's standstills where it must not be left out."""
        ...

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        """Nothing that fails for a user is done for now; ``time``: how often this was asked for in a row, from 0."""
        ...


class UserFault(Protocol):
    """An error of the role's own that says for which user it was at work."""

    user: bytes
    written: bool
    """Whether the user's record was being written: then another record may be the cause."""


class Open(Protocol):
    """Opens one partition from its committed records and memo (None at the very first time)."""

    def __call__(self, number: int, table: Users, memo: bytes | None, /) -> Partition: ...


class Role(Protocol):
    """Its topics (same partition count, one owner a number), what it hears of, and how a partition is opened."""

    @property
    def name(self) -> str: ...
    @property
    def topics(self) -> tuple[str, ...]: ...
    @property
    def first(self) -> frozenset[str]:
        """Topics that are read to their present end before a record of the others is judged."""
        ...

    @property
    def broadcasts(self) -> tuple[str, ...]: ...
    @property
    def orders(self) -> frozenset[str]:
        """Broadcasts that each opening hears from the beginning, and after whose news a tick follows at once."""
        ...

    @property
    def standstill(self) -> tuple[type[Exception], ...]:
        """What a partition raises where going on would lose something: it stands still until a person has looked."""
        ...

    @property
    def user_fault(self) -> type[Exception]:
        """The errors that are also :class:`UserFault`."""
        ...

    @property
    def open(self) -> Open: ...


class World(Protocol):
    """What lies outside the book: asked before a transaction, told after it. Neither may fail or hang."""

    async def look(self, question: Any, now: datetime) -> Any: ...
    async def told(self, facts: Sequence[Fact], now: datetime) -> None: ...


class Nowhere:
    """A world for roles that ask nothing."""

    async def look(self, question: Any, now: datetime) -> Any:
        """Nothing is known."""
        return None

    async def told(self, facts: Sequence[Fact], now: datetime) -> None:
        """Nobody listens."""


class Clock(Protocol):
    """Processing time."""

    def now(self) -> datetime: ...


class Watch:
    """What the path reports while it works; every method may be overridden, none may raise."""

    def point(self, name: str) -> None:
        """The program has reached a named place (tests kill it there)."""

    def transaction(self, partition: int, records: int, facts: Sequence[Fact], seconds: float) -> None:
        """A transaction was committed."""

    def waited(self, topic: str, seconds: float) -> None:
        """A fetched batch was committed so long after the time of its first record, by the role's clock."""

    def stored(self, partition: int, records: int) -> None:
        """So many records are in a partition's state, the path's own included."""

    def unprocessable(self, partition: int, topic: str, error: str, place: str) -> None:
        """A record of a topic was refused, or (topic "state") a user was put aside, for an error of this class.

        ``place``: file and line that raised it.
        """

    def turned(self, partition: int) -> None:
        """An owner has looked for work and done what there was."""

    def verdict(self, topic: str, verdict: str) -> None:
        """A batch was judged by :func:`agents.batches.sequence.admit`."""

    def state(self, partition: int, state: str) -> None:
        """An owner has become ``opening``, ``ready``, ``failed``, ``broken`` or ``closed``."""

    def lag(self, topic: str, partition: int, records: int) -> None:
        """How many offsets lie between what is absorbed and the last stable offset."""


@dataclass(frozen=True)
class Config:
    """How a role is run; every duration in seconds."""

    app_id: str
    connection: Mapping[str, Any]
    prefix: str = ""
    transaction_records: int = 16_000
    commit_timeout: float = 20.0
    tick_seconds: float = 1.0
    offsets_seconds: float = 5.0
    missed_seconds: float = 2.0
    retry_seconds: float = 0.2
    retry_seconds_max: float = 5.0

    @property
    def changelog(self) -> str:
        """The topic that holds the role's state."""
        return f"{self.app_id}-state-changelog"

    def transactional_id(self, number: int) -> str:
        """The id under which a partition's owner writes."""
        return f"{self.app_id}-{number}"
