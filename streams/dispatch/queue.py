"""Who waits and when to look again: rebuilt from the table on opening, never stored.

Two orders: by the moment a hold ends, and, for those who wait for a word or a lease, by what they wait for, the longest
waiting first. Entries are not removed when a hold changes; each carries a serial, and one that is no longer the newest
of its user is passed over.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.limits import Need

LOOKED_AT = 2_000
"""Candidates one tick looks at, at most: it keeps a transaction small."""
PASSED_OVER = 1_000
"""Entries of an order that may be out of date before it is made anew; more where it is long."""

Entry = tuple[datetime, bytes, int]
Room = Callable[[str], int | None]
"""How many units of a resource may be spent now; None where nothing limits them."""


class _Place(NamedTuple):
    candidate: Candidate
    serial: int


class Queue:
    """The held candidates of a partition, at most one a user."""

    def __init__(self) -> None:
        self._places: dict[bytes, _Place] = {}
        self._by_end: list[Entry] = []
        self._by_need: defaultdict[str, dict[int, list[Entry]]] = defaultdict(dict)
        self._waiting: Counter[Need] = Counter()
        self._needed: Counter[str] = Counter()
        self._serial = 0
        self.in_line: Counter[Channel] = Counter()

    def __len__(self) -> int:
        return len(self._places)

    def place(self, key: bytes, candidate: Candidate | None) -> None:
        """The user's candidate waits, or (None) none of his does."""
        before = self._places.pop(key, None)
        if before is not None:
            self._count(before.candidate, -1)
        if candidate is not None:
            self._serial += 1
            self._places[key] = _Place(candidate, self._serial)
            self._count(candidate, 1)
            self._enter(key, candidate)

    def needed(self, resource: str) -> int:
        """Units that all who wait here would take of a resource."""
        return self._needed[resource]

    def least(self, resource: str) -> int:
        """The fewest units of a resource that would let somebody go who waits for it; 0 where nobody does."""
        needs = (Need(resource, units) for units in self._by_need.get(resource, ()))
        return min((need.units for need in needs if self._waiting[need]), default=0)

    def next(self) -> datetime | None:
        """When the first hold ends; None where nobody waits. Who waits for a word or a lease may be let go before."""
        first = self._first(self._by_end)
        return None if first is None else first[0]

    def due(self, now: datetime, room: Room, most: int = LOOKED_AT) -> list[bytes]:
        """Whom to look at now, at most so many: whose hold has ended, then whom a word or a lease lets go on.

        Each is given out once: the caller judges them all, and those who wait on enter anew.
        """
        found: dict[bytes, None] = {}
        while len(found) < most and (first := self._first(self._by_end)) and first[0] <= now:
            found[heappop(self._by_end)[1]] = None
        for resource in sorted(self._by_need):
            groups = self._by_need[resource]
            found |= dict.fromkeys(self._covered(groups, room(resource), most - len(found)))
        return list(found)

    def _covered(self, groups: dict[int, list[Entry]], free: int | None, count: int) -> Iterator[bytes]:
        """The longest waiting of those whose need is still free."""
        while count > 0 and (free is None or free > 0):
            heads = [
                (head, units)
                for units, heap in groups.items()
                if (free is None or units <= free) and (head := self._first(heap))
            ]
            if not heads:
                return
            _head, units = min(heads)
            yield heappop(groups[units])[1]
            count -= 1
            free = None if free is None else free - units

    def _first(self, heap: list[Entry]) -> Entry | None:
        while heap and not self._is_newest(heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    def _is_newest(self, entry: Entry) -> bool:
        place = self._places.get(entry[1])
        return place is not None and place.serial == entry[2]

    def _enter(self, key: bytes, candidate: Candidate) -> None:
        """Who was never judged waits for nothing that time, a word or a lease could end."""
        if candidate.unjudged:
            return
        self._add(self._by_end, (candidate.until or candidate.expires, key, self._serial), len(self._places))
        for need in candidate.waits:
            heap = self._by_need[need.resource].setdefault(need.units, [])
            self._add(heap, (candidate.since, key, self._serial), self._waiting[need])

    def _add(self, heap: list[Entry], entry: Entry, waiting: int) -> None:
        """One more waits; entries of holds that have changed are swept out before they outnumber those that wait."""
        heappush(heap, entry)
        if len(heap) > 2 * waiting + PASSED_OVER:
            heap[:] = filter(self._is_newest, heap)
            heapify(heap)

    def _count(self, candidate: Candidate, step: int) -> None:
        for need in candidate.waits:
            self._waiting[need] += step
        for need in candidate.takes:
            self._needed[need.resource] += step * need.units
        if candidate.channel is not None and candidate.reason is Reason.PROVIDER_RATE:
            self.in_line[candidate.channel] += step
