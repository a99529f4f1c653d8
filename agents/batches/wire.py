"""Records as they stand on the wire: a fetch is taken by whole record batches, and no object is built for a record.

aiokafka's own way builds an object a record and passes a generator for each: a quarter of the path's time.

It also fails on the name of a header that is not UTF-8, which a producer may write and a broker takes: nothing after
such a record could ever be read. Such a batch is read again by aiokafka's slow reader, with those bytes escaped.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from struct import unpack_from
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH: Final = ">qi"
"""How a record batch begins: its first offset, and how many bytes come after these twelve."""


class KeptRecords(MemoryRecords):  # type: ignore[misc]
    """What a fetch brought of a partition, which keeps its bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


fetcher.MemoryRecords = KeptRecords  # the fetcher has no other place to say so


def take_raw(consumer: AIOKafkaConsumer) -> None:
    """From here on a started consumer returns lists of wire records (offset, timestamp, key, value, headers)."""
    consumer._fetcher._records = RawResults()


def flat(batches: Iterable[list[Any]]) -> list[Any]:
    """The records of what a consumer taken raw returns for a partition."""
    return list(chain.from_iterable(batches))


class RawResults(dict[Any, Any]):
    """A fetcher's results whose records are taken as the wire reader makes them, a record batch at a time."""

    def __setitem__(self, tp: Any, result: Any) -> None:
        if isinstance(result, FetchResult) and result._partition_records is not None:
            records = result._partition_records
            records._records = WholeBatches(records._records)
            records._consumer_record = lambda _tp, whole: whole.since(records.next_fetch_offset)
        super().__setitem__(tp, result)


class WholeBatches:
    """A fetch's record batches, each of which gives all of its records as one."""

    def __init__(self, batches: KeptRecords) -> None:
        self._batches = batches
        self._taken = 0
        self.has_next = batches.has_next

    def next_batch(self) -> "WholeBatch":
        """The next one."""
        self._taken += 1
        return WholeBatch(self._batches.next_batch(), self._batches.data, self._taken - 1)


class WholeBatch:
    """A record batch to aiokafka's reader, which looks at its head; iterated, it gives itself once."""

    def __init__(self, batch: Any, data: bytes, number: int) -> None:
        self._batch, self._data, self._number = batch, data, number
        self._records: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator["WholeBatch"]:
        try:
            self._records = list(self._batch)
        except UnicodeDecodeError:
            self._records = with_odd_names(nth_batch(self._data, self._number))
        return iter((self,) if self._records else ())

    @property
    def offset(self) -> int:
        """The last record's: the batch is passed over only where all of it is."""
        offset: int = self._records[-1].offset
        return offset

    def since(self, offset: int) -> list[Any]:
        """The records from ``offset`` on: a fetch begins with the whole batch that holds its offset."""
        records = self._records
        return records if records[0].offset >= offset else [r for r in records if r.offset >= offset]


def nth_batch(data: bytes, number: int) -> bytes:
    """The bytes of one record batch among those of a fetch; 0 is the first."""
    start = 0
    for _ in range(number):
        start += _length(data, start)
    return data[start : start + _length(data, start)]


def _length(data: bytes, start: int) -> int:
    after: int = unpack_from(LENGTH, data, start)[1]
    return 12 + after


def with_odd_names(batch: bytes) -> list[Any]:
    r"""The records of a batch; bytes of a header's name that are not UTF-8 are written as ``\xff``."""
    slow = _DefaultRecordBatchPy(batch)
    iter(slow)  # decompresses
    slow._buffer = Lenient(slow._buffer)
    return list(slow)


class Lenient(bytes):
    """Bytes any part of which is text."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return Lenient(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")
