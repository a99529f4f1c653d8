"""Who waits and when to look again: rebuilt from the table on opening, never stored.

Three orders: by the moment a hold ends; for those who wait for a breaker, by channel, and for those whose playbook is
paused, by playbook, each with the longest waiting first. Entries are not removed when a hold changes; each carries a
serial, and one that is no longer the newest of its user is passed over.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Reason
from streams.dispatch.book import Candidate
from streams.dispatch.gate.breaker import WAITING
from streams.dispatch.gate.paused import LIFTABLE
from streams.dispatch.standing import Standings

LOOKED_AT = 2_000
"""Candidates one tick looks at, at most: it keeps a transaction small."""

Entry = tuple[datetime, bytes, int]


class _Place(NamedTuple):
    candidate: Candidate
    serial: int


class Queue:
    """The held candidates of a partition, at most one a user."""

    def __init__(self) -> None:
        self._places: dict[bytes, _Place] = {}
        self._by_end: list[Entry] = []
        self._by_channel: dict[Channel, list[Entry]] = {channel: [] for channel in Channel}
        self._by_playbook: dict[str, list[Entry]] = {}
        self._shown: list[tuple[list[Entry], Entry]] = []
        self._serial = 0
        self._waiting: Counter[Channel] = Counter()
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

    def waiting(self, channel: Channel) -> int:
        """How many wait for this channel's breaker."""
        return self._waiting[channel]

    def next(self) -> datetime | None:
        """When the first hold ends; None where nobody waits. Who waits for a breaker may be let go before."""
        self._put_back()
        while self._by_end and not self._is_newest(self._by_end[0]):
            heappop(self._by_end)
        return self._by_end[0][0] if self._by_end else None

    def due(
        self, now: datetime, standings: Standings, paused: Callable[[str], bool] = lambda playbook: False
    ) -> list[bytes]:
        """Whom to look at now, at most ``LOOKED_AT``: whose hold has ended, then whom the governor lets go on,
        then whose playbook is ``paused`` no more.

        Asking changes nothing: who was shown and still waits is shown again.
        """
        self._put_back()
        found = dict.fromkeys(self._ended(now))
        for channel, standing in standings.items():
            room = LOOKED_AT - len(found)
            free = room if standing.state is BreakerState.CLOSED else min(room, standing.probes)
            found |= dict.fromkeys(self._take(self._by_channel[channel], free))
        for playbook in [each for each in self._by_playbook if not paused(each)]:
            found |= dict.fromkeys(self._take(self._by_playbook[playbook], LOOKED_AT - len(found)))
        return list(found)

    def _ended(self, now: datetime) -> Iterator[bytes]:
        return self._take(self._by_end, LOOKED_AT, now)

    def _take(self, heap: list[Entry], count: int, now: datetime | None = None) -> Iterator[bytes]:
        while heap and count > 0 and (now is None or heap[0][0] <= now):
            entry = heappop(heap)
            if self._is_newest(entry):
                self._shown.append((heap, entry))
                count -= 1
                yield entry[1]

    def _put_back(self) -> None:
        for heap, entry in self._shown:
            if self._is_newest(entry):
                heappush(heap, entry)
        self._shown = []

    def _is_newest(self, entry: Entry) -> bool:
        place = self._places.get(entry[1])
        return place is not None and place.serial == entry[2]

    def _enter(self, key: bytes, candidate: Candidate) -> None:
        heappush(self._by_end, (candidate.until or candidate.expires, key, self._serial))
        if candidate.channel is not None and candidate.reason in WAITING:
            heappush(self._by_channel[candidate.channel], (candidate.since, key, self._serial))
        if candidate.playbook is not None and candidate.reason in LIFTABLE:
            heappush(self._by_playbook.setdefault(candidate.playbook, []), (candidate.since, key, self._serial))

    def _count(self, candidate: Candidate, step: int) -> None:
        if candidate.channel is not None and candidate.reason in WAITING:
            self._waiting[candidate.channel] += step
        if candidate.channel is not None and candidate.reason is Reason.PROVIDER_RATE:
            self.in_line[candidate.channel] += step
