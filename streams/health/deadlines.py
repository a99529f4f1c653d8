"""When each user must be looked at next: one entry a user, soonest first, then by key.

An entry may be early, never late: who is found to be not yet due is entered again. So an entry is moved only when it
would come too late, and stale ones are passed over when their time comes; cost grows with what happens.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from streams.health.state import NEVER


class Deadlines:
    """Due times (seconds since 1970) by key."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, bytes]] = []
        self._due: dict[bytes, int] = {}

    def restore(self, entries: Iterable[tuple[bytes, int]]) -> None:
        """Only these entries wait; those due at NEVER do not."""
        self._due = {key: due for key, due in entries if due != NEVER}
        self._heap = [(due, key) for key, due in self._due.items()]
        heapify(self._heap)

    def expect(self, key: bytes, due: int) -> None:
        """The key waits until ``due``, or until its earlier time if it has one.

        >>> deadlines = Deadlines()
        >>> deadlines.expect(b"u", 9); deadlines.expect(b"u", 12); deadlines.due(b"u")
        9
        """
        if due < self._due.get(key, NEVER):
            self._due[key] = due
            heappush(self._heap, (due, key))

    def due(self, key: bytes) -> int:
        """When the key is due at the earliest, NEVER if it does not wait."""
        return self._due.get(key, NEVER)

    def any(self, until: int) -> bool:
        """Whether an entry may be due at ``until`` or before."""
        return bool(self._heap) and self._heap[0][0] <= until

    def pop(self, until: int) -> tuple[int, bytes] | None:
        """The first entry due at ``until`` or before, which waits no longer; None if there is none."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, key = heappop(heap)
            if self._due.get(key) == due:
                del self._due[key]
                return due, key
        return None

    def __len__(self) -> int:
        return len(self._due)
