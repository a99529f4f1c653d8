"""What travels through Faust instead of messages: the records one fetch brought for one partition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """A topic and a partition number; equal to aiokafka's and Faust's own pairs."""

    topic: str
    partition: int


class Record(Protocol):
    """What aiokafka's record reader yields, taken as it is: no object is built for it."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Iterable[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive committed records of one partition.

    ``prev`` is the end of the batch this consumer returned before since the last seek, or that seek's target; None
    where it is not known. Between ``prev`` and ``start`` there is nothing to read (a transaction marker, a compacted
    hole). ``epoch`` counts the seeks of this partition, ``generation`` the group's rebalances.
    """

    tp: TopicPartition
    prev: int | None
    start: int
    end: int
    records: Sequence[Record]
    epoch: int
    generation: int

    def cut(self, count: int) -> tuple["Batch", "Batch"]:
        """The first ``count`` records and the others, each a batch of its own; neither is empty.

        >>> from types import SimpleNamespace
        >>> records = [SimpleNamespace(offset=offset) for offset in (5, 7, 8)]
        >>> head, tail = Batch(TopicPartition("t", 0), 4, 5, 9, records, 1, 1).cut(1)
        >>> (head.prev, head.start, head.end), (tail.prev, tail.start, tail.end)
        ((4, 5, 6), (6, 7, 9))
        """
        head, tail = self.records[:count], self.records[count:]
        end = head[-1].offset + 1
        return replace(self, records=head, end=end), replace(self, records=tail, prev=end, start=tail[0].offset)
