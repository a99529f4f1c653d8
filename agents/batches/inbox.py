"""What waits for one owner, and how much may: the next transaction takes all of it, up to a limit."""

import asyncio
from collections import deque
from collections.abc import Callable

from agents.batches.batch import Batch, TopicPartition


class Inbox:
    """Batches in the order of arrival; a topic partition is withheld while more than ``limit`` records wait.

    One transaction a fetched batch falls behind at 2,000 events a second, because light traffic comes in small fetches;
    taking what waits sizes transactions by the load.
    """

    def __init__(
        self, limit: int, withhold: Callable[[TopicPartition], None], deliver: Callable[[TopicPartition], None]
    ) -> None:
        self._limit = limit
        self._withhold, self._deliver = withhold, deliver
        self._waiting: deque[Batch] = deque()
        self._records = 0
        self._withheld: set[TopicPartition] = set()
        self._wake = asyncio.Event()

    def put(self, batch: Batch) -> None:
        """Add a batch; never blocks."""
        self._waiting.append(batch)
        self._records += len(batch.records)
        if self._records > self._limit:
            self._withheld.add(batch.tp)
            self._withhold(batch.tp)
        self._wake.set()

    def wake(self) -> None:
        """Let :meth:`take` return, though nothing may have come."""
        self._wake.set()

    async def take(self, seconds: float) -> list[Batch]:
        """Everything that waits up to the limit, a larger batch in parts; empty after ``seconds``."""
        if not self._waiting:
            self._wake.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return []
        if self._waiting and len(self._waiting[0].records) > self._limit:
            self._waiting.extendleft(reversed(self._waiting.popleft().cut(self._limit)))
        taken: list[Batch] = []
        records = 0
        while self._waiting and (not taken or records + len(self._waiting[0].records) <= self._limit):
            batch = self._waiting.popleft()
            records += len(batch.records)
            taken.append(batch)
        self._took(records)
        return taken

    def clear(self) -> None:
        """Drop what waits; whoever opens next seeks to what is missing."""
        self._waiting.clear()
        self._took(self._records)

    def _took(self, records: int) -> None:
        self._records -= records
        if self._records <= self._limit // 2:
            for tp in self._withheld:
                self._deliver(tp)
            self._withheld.clear()
