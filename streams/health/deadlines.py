"""When each user must be looked at next: one entry a user, soonest first, then by key.

An entry may be early, never late: who is found to be not yet due is entered again. A calendar queue (Brown 1988): a
heap for the days that have come, a set for every later day; to move an entry costs the same however many wait.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from streams.health.days import DAY_SECONDS
from streams.health.state import NEVER


class Deadlines:
    """Due times (seconds since 1970) by key; days are those of UTC."""

    __slots__ = ("_due", "_later", "_near", "_today")

    def __init__(self) -> None:
        self.restore(())

    def restore(self, entries: Iterable[tuple[bytes, int]]) -> None:
        """Only these entries wait; those due at NEVER do not."""
        self._due: dict[bytes, int] = {}
        self._later: defaultdict[int, set[bytes]] = defaultdict(set)
        self._near: list[tuple[int, bytes]] = []
        self._today = -1
        for key, due in entries:
            if due != NEVER:
                self._due[key] = due
                self._later[due // DAY_SECONDS].add(key)

    def expect(self, key: bytes, due: int) -> None:
        """The key waits until ``due``, whatever it waited for before.

        >>> deadlines = Deadlines()
        >>> deadlines.expect(b"u", 9); deadlines.expect(b"u", 12); deadlines.due(b"u")
        12
        """
        before = self._due.get(key, -1)
        if due == before:
            return
        if before // DAY_SECONDS > self._today:
            self._later[before // DAY_SECONDS].discard(key)
        self._due[key] = due
        if due // DAY_SECONDS > self._today:
            self._later[due // DAY_SECONDS].add(key)
        else:
            heappush(self._near, (due, key))

    def due(self, key: bytes) -> int:
        """When the key is due at the earliest, NEVER if it does not wait."""
        return self._due.get(key, NEVER)

    def any(self, until: int) -> bool:
        """Whether an entry may be due at ``until`` or before."""
        return until // DAY_SECONDS > self._today or (bool(self._near) and self._near[0][0] <= until)

    def pop(self, until: int) -> tuple[int, bytes] | None:
        """The first entry due at ``until`` or before, which waits no longer; None if there is none."""
        if until // DAY_SECONDS > self._today:
            self._turn_to(until // DAY_SECONDS)
        heap = self._near
        while heap and heap[0][0] <= until:
            due, key = heappop(heap)
            if self._due.get(key) == due:
                del self._due[key]
                return due, key
        return None

    def _turn_to(self, day: int) -> None:
        """What is due on the days up to this one stands in the heap, where what has moved since is passed over."""
        self._today = day
        for come in [each for each in self._later if each <= day]:
            self._near += ((self._due[key], key) for key in self._later.pop(come))
        heapify(self._near)

    def __len__(self) -> int:
        return len(self._due)
