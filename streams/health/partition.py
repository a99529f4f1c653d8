"""One partition of the health role: records in, warnings and dead letters out (A1-A4, B2, B3, B5, B7)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas import topics
from schemas.policy import Policy
from schemas.policy.policy import DEFAULT_PRODUCT
from schemas.reject import dead_letter_headers
from schemas.warning import Warning
from streams.health.lane import Lane, Outcome
from streams.health.rejects import Kept, Rejections
from streams.health.state import due_of, ending, ending_of
from streams.intake import Intake, Reject
from streams.packed import Packing
from streams.partitioner import Placement, home
from streams.role import Fact, Record, Settled, Table, fact_of

MEMO_VERSION: Final = 1
_COUNTED: Final = {outcome: f"event.{outcome}" for outcome in Outcome}


class Memo(msgspec.Struct, array_like=True):
    """What a partition knows beside its users."""

    newest: dict[str, int]
    """The newest event time of each product, whole seconds since 1970."""
    rejects: Kept = msgspec.field(default_factory=Kept)


MEMOS: Final = Packing(Memo, MEMO_VERSION)


class HealthPartition:
    """Fulfils :class:`streams.role.Partition`; time moves by events only, so its ticks do nothing.

    With a ``placement``, records whose key belongs to another partition are refused.
    """

    def __init__(
        self, policy: Policy, number: int, table: Table, memo: bytes | None, placement: Placement | None = None
    ) -> None:
        known = MEMOS.unpack(f"memo of partition {number}", memo) if memo is not None else Memo({})
        newest = known.newest
        self._number = number
        self._roles = policy.events
        self._intake = Intake(policy, home(placement, number)) if placement else Intake(policy)
        self.rejections = Rejections(policy.intake.rejects, number, known.rejects)
        self._lanes = {name: Lane(policy, name, table, newest.get(name, 0)) for name in policy.products}
        self._default = self._lanes[DEFAULT_PRODUCT]
        self._tally: Counter[str] = Counter()
        self._restore(table)

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        if topic == topics.CONTROL:
            self._tally.update(f"intake.{move}" for move in self.rejections.hear(records))
        return ()

    def question(self, batches: Sequence[tuple[str, Sequence[Record]]], now: datetime) -> None:
        return None

    def answer(self, seen: object) -> None:
        return None

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> list[Fact]:
        self.rejections.check()
        facts: list[Fact] = []
        warnings: list[Warning] = []
        refused: list[int] = []
        read, role_of, lane_of, tally = self._intake.read, self._roles.get, self._lanes.get, self._tally
        for place, record in enumerate(records):
            found = read(record)
            if isinstance(found, Reject):
                refused.append(place)
                tally["event.rejected"] += 1
                tally[f"reject.{found.reason}"] += 1
                facts.append(self._dead_letter(topic, record, found))
                continue
            lane = lane_of(found.product, self._default)
            tally[_COUNTED[lane.absorb(found, role_of(found.type), warnings)]] += 1
            if warnings:
                facts.extend(map(fact_of, warnings))
                tally.update(f"warning.{warning.level}" for warning in warnings)
                warnings.clear()
        tally.update(f"intake.{move}" for move in self.rejections.count(len(records), refused))
        return facts

    def tick(self, now: datetime) -> Iterable[Fact]:
        return ()

    def settle(self) -> Settled:
        writes = dict(write for lane in self._lanes.values() for write in lane.settle())
        self._tally.update(f"intake.{move}" for move in self.rejections.settle())
        memo = Memo({name: lane.watermark.newest for name, lane in self._lanes.items()}, self.rejections.kept)
        return Settled(writes, MEMOS.pack(memo))

    def tally(self) -> dict[str, int]:
        """What happened since the last call: ``event.<outcome>``, ``reject.<reason>``, ``warning.<level>``,
        ``intake.<move>``.
        """
        counted, self._tally = dict(self._tally), Counter()
        return counted

    def watermarks(self) -> dict[str, datetime]:
        """The event time each listed product has come to; none for a product without events."""
        return {
            name: datetime.fromtimestamp(lane.watermark.time, UTC)
            for name, lane in self._lanes.items()
            if lane.watermark.newest
        }

    @property
    def queued(self) -> int:
        """How many users wait for their deadline."""
        return sum(len(lane.deadlines) for lane in self._lanes.values())

    def _restore(self, table: Table) -> None:
        waiting: dict[bytes, list[tuple[bytes, int]]] = {ending(name): [] for name in self._lanes}
        unlisted = waiting[ending(DEFAULT_PRODUCT)]
        for key, record in table.items():
            waiting.get(ending_of(key), unlisted).append((key, due_of(key, record)))
        for name, lane in self._lanes.items():
            lane.deadlines.restore(waiting[ending(name)])

    def _dead_letter(self, topic: str, record: Record, reject: Reject) -> Fact:
        headers = dead_letter_headers(
            record.headers,
            reason=reject.reason,
            detail=reject.detail,
            topic=topic,
            partition=self._number,
            offset=record.offset,
            timestamp=record.timestamp,
        )
        return Fact(topics.DEAD_LETTERS, record.key, record.value, headers)
