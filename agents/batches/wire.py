"""Records as they stand on the wire: a fetch is taken by whole record batches, and no object is built for a record.

aiokafka's own way builds an object a record and passes a generator for each: a quarter of the path's time.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult


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

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self.has_next = batches.has_next

    def next_batch(self) -> "WholeBatch":
        """The next one."""
        return WholeBatch(self._batches.next_batch())


class WholeBatch:
    """A record batch to aiokafka's reader, which looks at its head; iterated, it gives itself once."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch
        self._records: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator["WholeBatch"]:
        self._records = list(self._batch)
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
