"""Absorb first, judge last: how far a partition must have read before what it took may be judged.

The barrier of a transaction is the ends of all the role's topics that were known when it took its records. Once the
positions have reached it, everything is absorbed that could then already speak against a judgement.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

Ends = Mapping[str, int]
"""By topic: the offset after the last committed record."""


class Progress(NamedTuple):
    """How far the role's topics go, as far as is known, and how far a transaction absorbs each of them."""

    ends: Ends
    reached: Ends

    @property
    def caught_up(self) -> bool:
        """Whether nothing that is committed is left after the transaction."""
        return all(topic in self.ends and at >= self.ends[topic] for topic, at in self.reached.items())


class Barriers:
    """The barriers that are not reached yet, oldest first; the first is of what the partition found at opening."""

    def __init__(self, ends: Ends) -> None:
        self._ends = dict(ends)
        self._waiting: deque[tuple[dict[str, int], int]] = deque([(self._ends, 1)])
        """Ends, and how many transactions in a row took their records when these were known."""

    @property
    def known(self) -> Ends:
        """The furthest ends so far."""
        return self._ends

    def behind(self, progress: Progress) -> int:
        """A transaction begins: of how many of the newest, this one included, the barrier is not reached.

        >>> barriers = Barriers({"warnings": 7, "profiles": 2})
        >>> barriers.behind(Progress({"warnings": 9}, {"warnings": 7, "profiles": 1}))
        2
        >>> barriers.behind(Progress({"warnings": 9}, {"warnings": 8, "profiles": 2}))
        2
        >>> barriers.behind(Progress({"warnings": 9}, {"warnings": 9, "profiles": 2}))
        0
        """
        ends, reached = progress
        known = self._ends | {topic: max(end, self._ends.get(topic, end)) for topic, end in ends.items()}
        if self._waiting and known == self._ends:
            last, count = self._waiting.pop()
            self._waiting.append((last, count + 1))
        else:
            self._waiting.append((known, 1))
        self._ends = known
        while self._waiting and all(reached[topic] >= end for topic, end in self._waiting[0][0].items()):
            self._waiting.popleft()
        return sum(count for _ends, count in self._waiting)
