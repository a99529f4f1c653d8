"""The net under a partition: content that fails does not stop the others.

Content is all that the pure code is given: records, state, the world's answer. Where it fails, nothing of the
transaction was written. So the partition alone is opened anew, and the transaction is tried once more.

Where it fails alike again, the cause is searched. Records are absorbed in prefixes, half and then half of the rest,
each in an ordinary transaction, until one record is left: it is refused. A user whose look or judgement fails is put
aside. Order and exactly-once are untouched, for only prefixes are committed.

Errors of Kafka, timeouts, cancellation and lack of memory are never content: their outcome is unknown, and the owner
lets go. So does the owner at the role's own standstills.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from agents.batches.batch import Record
from agents.batches.role import Fact, Partition, Role, UserFault

Take = tuple[str, Sequence[Record], int]
"""Topic (as the role knows it), records, next offset."""

TRIES = 3
"""Failures that are not alike are tried so often before the cause is searched all the same."""
R = TypeVar("R", bound=Record)
Instead = Callable[[Partition, datetime], Iterable[Fact]]
"""What a transaction does instead of absorbing what fails."""
Hear = Callable[[str, Sequence[Any]], "ContentFault | None"]
"""How a partition that was just opened fails when it hears these records of a topic; None where it does not."""

ASIDES = 16
"""A user is put aside so often before another record is absorbed, each time for twice as long."""


class ContentFault(Exception):
    """The pure code has failed; ``user`` is set where it was at work for one user.

    ``written``: it failed while it wrote down what it had done, so a record may be the cause as well as the user.
    """

    def __init__(self, error: Exception, user: bytes | None = None, written: bool = False) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error, self.user, self.written = error, user, written
        self.mark = type(error), _innermost(error)

    @property
    def blamed(self) -> bytes | None:
        """The user for whom it was at work, where no record can be the cause."""
        return None if self.written else self.user

    @property
    def kind(self) -> str:
        """The name of the error's class."""
        return type(self.error).__name__

    @property
    def place(self) -> str:
        """File, below its last two folders, and line in which the error was raised."""
        file, line = self.mark[1]
        return f"{'/'.join(Path(file).parts[-3:])}:{line}"


class Stuck(Exception):
    """Content fails, and neither a record nor a user can be left out: the partition stands still until it is mended."""

    def __init__(self, fault: ContentFault, why: str) -> None:
        super().__init__(f"{fault} (in {fault.place}): {why}; nothing is lost")


class RecordTooLarge(Exception):
    """A record that is to be written, about a user or not, is larger than Kafka takes by default."""

    written = True

    def __init__(self, topic: str, user: bytes | None, size: int, most: int) -> None:
        super().__init__(f"a record of {size} bytes for {topic}, at most {most} can be written")
        self.user = user


@contextmanager
def content(role: Role) -> Iterator[None]:
    """A failure inside the block is a :class:`ContentFault`, unless the role stands still for it or memory is short."""
    try:
        yield
    except Exception as error:
        about = cast(UserFault, error) if isinstance(error, (role.user_fault, RecordTooLarge)) else None
        cause = error.__cause__ if about and isinstance(error.__cause__, Exception) else error
        if isinstance(cause, (MemoryError, *role.standstill)):
            raise cause from cause.__cause__
        raise (ContentFault(cause, about.user, about.written) if about else ContentFault(cause)) from error


def failure(role: Role, act: Callable[[], object]) -> ContentFault | None:
    """How something fails; None where it does not."""
    try:
        with content(role):
            act()
    except ContentFault as fault:
        return fault
    return None


def failing(news: Mapping[str, Sequence[R]], hear: Hear) -> tuple[str, R, ContentFault] | None:
    """The first record of the news that fails where it is heard; None where none does."""
    for topic, records in news.items():
        fault = hear(topic, records)
        few, many = 0, len(records)
        while fault is not None and many - few > 1:
            half = (few + many) // 2
            found = hear(topic, records[:half])
            few, many, fault = (half, many, fault) if found is None else (few, half, found)
        if fault is not None and records:
            return topic, records[many - 1], fault
    return None


Refusal = tuple[str, Record, ContentFault]
"""Topic, record, and how handling it fails."""


def refusing(refused: Sequence[Refusal]) -> Instead:
    """What a transaction does instead of absorbing these records."""
    return lambda partition, now: [
        fact for topic, record, fault in refused for fact in partition.refuse(topic, record, fault.error, now)
    ]


class Work(Protocol):
    """A partition at work; each method but :meth:`reopen` is a transaction or raises :class:`ContentFault`."""

    def reopen(self) -> None:
        """The pure partition is as after the last commit."""
        ...

    async def transact(self, taken: Sequence[Take], *, judging: bool) -> None:
        """The records are absorbed; without ``judging`` the world is not asked, and nobody is judged."""
        ...

    async def hear(self) -> None:
        """Broadcast records that fail are found and refused from here on."""
        ...

    async def refuse(self, take: Take, fault: ContentFault) -> None:
        """The only record of ``take`` is refused."""
        ...

    async def put_aside(self, user: bytes, fault: ContentFault, time: int) -> None:
        """The user, who may be unknown yet, is put aside for the n-th time (from 0) in a row."""
        ...


class Net:
    """Absorbs whatever comes, by way of a partition at work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._asides: Counter[bytes] = Counter()

    async def absorb(self, taken: Sequence[Take]) -> None:
        """One transaction; after a second failure alike, as many as it takes to find the cause."""
        marks = set[object]()
        while (fault := await self._failure(taken)) is not None:
            if fault.mark in marks or len(marks) == TRIES:
                await self._search(taken)
                return
            marks.add(fault.mark)

    async def _failure(self, taken: Sequence[Take], *, judging: bool = True) -> ContentFault | None:
        try:
            await self._work.transact(taken, judging=judging)
        except ContentFault as fault:
            self._work.reopen()
            return fault
        return None

    async def _search(self, taken: Sequence[Take]) -> None:
        self._asides.clear()
        await self._work.hear()
        left, window = list(taken), count(taken)  # one of the first ``window`` records is the cause
        size = window
        while left:
            head, rest = cut(left, size)
            fault = await self._failure(head, judging=False)
            if fault is None:
                self._asides.clear()
                left, window = rest, window - size
                if window:
                    size = max(1, window // 2)
                else:
                    window = size = count(left)
            elif fault.blamed is not None and (size == 1 or not self._asides[fault.blamed]):
                await self._put_aside(fault.blamed, fault)
            elif size > 1:  # also where a user was put aside in vain: what they wait for is in these records
                window, size = size, size // 2
            else:
                await self._refuse(head[0], fault)
                left = rest
                window = size = count(left)
        while (fault := await self._failure(())) is not None:
            if fault.user is None:
                raise Stuck(fault, "neither a record nor a user could be found that causes it") from fault
            await self._put_aside(fault.user, fault)

    async def _put_aside(self, user: bytes, fault: ContentFault) -> None:
        vain = "to put aside the user it fails for does not help"
        if self._asides[user] == ASIDES:
            raise Stuck(fault, vain) from fault
        await self._settle(self._work.put_aside(user, fault, self._asides[user]), vain)
        self._asides[user] += 1

    async def _refuse(self, take: Take, fault: ContentFault) -> None:
        topic, (record, *_none), _end = take
        why = f"the record of {topic} at offset {record.offset} can be neither handled nor refused"
        await self._settle(self._work.refuse(take, fault), why)

    async def _settle(self, mended: Awaitable[None], vain: str) -> None:
        """What mends a fault must not fail itself."""
        try:
            await mended
        except ContentFault as fault:
            self._work.reopen()
            raise Stuck(fault, vain) from fault


def count(taken: Sequence[Take]) -> int:
    """How many records there are.

    >>> count([("a", (1, 2), 9), ("b", (3,), 5)])
    3
    """
    return sum(len(records) for _topic, records, _end in taken)


def cut(taken: Sequence[Take], records: int) -> tuple[list[Take], list[Take]]:
    """The first so many records, and the others; a position in the middle of a batch is that after its last record.

    >>> from types import SimpleNamespace
    >>> one, two, six = (SimpleNamespace(offset=offset) for offset in (1, 2, 6))
    >>> head, rest = cut([("a", (one, two), 4), ("b", (six,), 7)], 1)
    >>> [(topic, end) for topic, _records, end in head], [(topic, end) for topic, _records, end in rest]
    ([('a', 2)], [('a', 4), ('b', 7)])
    """
    head: list[Take] = []
    for place, (topic, batch, end) in enumerate(taken):
        if len(batch) > records:
            if records:
                head.append((topic, batch[:records], batch[records - 1].offset + 1))
            return head, [(topic, batch[records:], end), *taken[place + 1 :]]
        head.append((topic, batch, end))
        records -= len(batch)
    return head, []


def _innermost(error: BaseException) -> tuple[str, int]:
    """File and line in which an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
