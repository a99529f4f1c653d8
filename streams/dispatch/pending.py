"""Who is to be judged now: candidates that were just taken, and those whose hold has ended or about whom a word came.

A user is ripe once everything is absorbed that was known when they were entered here: until then a return, a complaint
or an opt-out may lie in front of the reader. The caller knows how far it has read and gives it as ``behind``.
"""

from collections import deque
from heapq import heappop, heappush

Entry = tuple[int, bytes, int]
"""The offset of the candidate's warning, the user, and the serial of the entry."""


class Pending:
    """At most one entry a user; those found at opening belong to turn 0, before every transaction."""

    def __init__(self) -> None:
        self._newest: dict[bytes, int] = {}
        self._entered: deque[tuple[int, Entry]] = deque()
        self._ripe: list[Entry] = []
        self._turn = self._serial = 0

    def enter(self, key: bytes, offset: int) -> None:
        """The user is to be judged; who is here already keeps their turn."""
        if key not in self._newest:
            self._serial += 1
            self._newest[key] = self._serial
            self._entered.append((self._turn, (offset, key, self._serial)))

    def leave(self, key: bytes) -> None:
        """The user is not to be judged any more, or was."""
        self._newest.pop(key, None)

    def opened(self) -> None:
        """All that was found at opening is here: who is entered from now on belongs to the first transaction."""
        self._turn = 1

    def ripe(self, behind: int, most: int) -> list[bytes]:
        """Whom to judge in this transaction, at most so many, in the order of their warnings; each is given out once.

        Who is entered from now on belongs to the next transaction.

        ``behind``: of how many of the newest transactions, this one included, not everything that was known then is
        absorbed.
        """
        while self._entered and self._entered[0][0] <= self._turn - behind:
            heappush(self._ripe, self._entered.popleft()[1])
        found: list[bytes] = []
        while len(found) < most and self.left:
            found.append(heappop(self._ripe)[1])
        self._turn += 1
        return found

    @property
    def left(self) -> bool:
        """Whether somebody is ripe who was not given out yet."""
        while self._ripe and self._newest.get(self._ripe[0][1]) != self._ripe[0][2]:
            heappop(self._ripe)
        return bool(self._ripe)
