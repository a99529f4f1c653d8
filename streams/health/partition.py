"""One partition of the health role: records in, warnings and dead letters out (A1-A4, B2, B3, B5, B7)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas import topics
from schemas.base import header
from schemas.policy import Policy
from schemas.policy.policy import DEFAULT_PRODUCT
from schemas.population import PopulationDay, PopulationMark
from schemas.reject import RejectReason
from schemas.sign import Sign
from schemas.stage import StageChange
from schemas.warning import Warning
from streams.codec import Codec, UnprocessableRecord, read_own
from streams.dead_letter import dead_letter
from streams.health.lane import Lane, Said
from streams.health.learning.book import product_and_kind, reserved
from streams.health.learning.population import ONE
from streams.health.outcome import Outcome
from streams.health.pace import Pace, Pulse
from streams.health.portrait import Portrait, Reading
from streams.health.rejects import Kept, Rejections
from streams.health.state import due_of, ending, ending_of, user_and_product
from streams.intake import Event, Intake, Reject
from streams.partitioner import Placement, home
from streams.role import Fact, Record, Settled, Table, fact_of

_COUNTED: Final = {outcome: f"event.{outcome}" for outcome in Outcome}


class Memo(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a partition knows beside its users and what was learned."""

    paces: dict[str, Pace]
    """How far each product has come, and how steadily."""
    rejects: Kept = msgspec.field(default_factory=Kept)


def _memo(number: int) -> str:
    return f"memo of partition {number}"


MEMOS: Final = Codec("health-memo", Memo, naming=_memo)


class HealthPartition:
    """Fulfils :class:`streams.role.Partition`; time moves by events, here or in the other partitions.

    With a ``placement``, records whose key belongs to another partition are refused; without, there is one partition.
    """

    def __init__(
        self, policy: Policy, number: int, table: Table, memo: bytes | None, placement: Placement | None = None
    ) -> None:
        known = MEMOS.unpack(number, memo) if memo is not None else Memo({})
        partitions = placement.partitions if placement else 1
        self._number = number
        self._roles = policy.events
        self._own_roles = {source: policy.roles(source) for source in policy.sources}
        self._intake = Intake(policy, home(placement, number)) if placement else Intake(policy)
        self.rejections = Rejections(policy.intake.rejects, number, known.rejects)
        self._lanes = {
            name: Lane(policy, name, table, known.paces.get(name, Pace()), number, partitions)
            for name in policy.products
        }
        self._default = self._lanes[DEFAULT_PRODUCT]
        self._table = table
        self._said: list[Said] = []
        self._tally: Counter[str] = Counter()
        self._restore(table)

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        if topic == topics.CONTROL:
            self._tally.update(f"intake.{move}" for move in self.rejections.hear(records))
            return ()
        for record in records:
            message = _population(record)
            if message is not None and message.product in self._lanes:
                self._lanes[message.product].population.hear(message)
        return ()

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> None:
        return None

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        return ()

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> list[Fact]:
        self.rejections.check()
        facts: list[Fact] = []
        read, absorb, refused = self._intake.read, self.absorb, list[int]()
        for place, record in enumerate(records):
            found = read(record)
            if isinstance(found, Reject):
                refused.append(place)
                facts.append(self._refused(topic, record, found))
            else:
                absorb(found, facts)
        self._tally.update(f"intake.{move}" for move in self.rejections.count(len(records), refused))
        return facts

    def absorb(self, event: Event, facts: list[Fact]) -> None:
        """An accepted event has been taken in; what follows from it stands at the end of ``facts``."""
        lane, said = self._lanes.get(event.product, self._default), self._said
        self._tally[
            _COUNTED[lane.absorb(event, self._own_roles.get(event.source, self._roles).get(event.type), said)]
        ] += 1
        if said:
            facts.extend(self._facts(said))
            said.clear()

    def tick(self, now: datetime, caught_up: bool) -> Iterable[Fact]:
        facts: list[Fact] = []
        for lane in self._lanes.values():
            idle = lane.idle(now, caught_up)
            if idle:
                facts.extend(self._facts(lane.follow()))
            facts.extend(lane.population.tell(lane.watermark.time, idle, now))
        return facts

    def settle(self) -> Settled:
        writes = dict(write for lane in self._lanes.values() for write in lane.settle())
        self._tally.update(f"intake.{move}" for move in self.rejections.settle())
        memo = Memo({name: lane.pace for name, lane in self._lanes.items()}, self.rejections.kept)
        return Settled(writes, MEMOS.pack(memo))

    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        """A record of others goes to the dead letters, an operator's word by partition 0; what other partitions have
        learned is never left out.
        """
        if topic == topics.POPULATION:
            raise UnprocessableRecord(topic, record.offset, cause) from cause
        reject = Reject(RejectReason.UNPROCESSABLE, repr(cause))
        if topic == topics.CONTROL:
            return [] if self._number else [self._letter(topic, record, reject)]
        self._tally.update(f"intake.{move}" for move in self.rejections.count(1, (0,)))
        return [self._refused(topic, record, reject)]

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        """The next look at the user is a day later, then two days, then four; so long nothing is foretold of them."""
        self._lane(user).put_off(user, 1 << time)
        return ()

    def tally(self) -> dict[str, int]:
        """What happened since the last call: ``event.<outcome>``, ``reject.<reason>``, ``warning.<level>``,
        ``stage.<stage>``, ``sign.<kind>``, ``intake.<move>``, ``inhibited.<product>`` looks for silence.
        """
        for name, lane in self._lanes.items():
            if lane.inhibited:
                self._tally[f"inhibited.{name}"], lane.inhibited = lane.inhibited, 0
        counted, self._tally = dict(self._tally), Counter()
        return counted

    def pulses(self) -> dict[str, Pulse]:
        """How far each listed product has come, and how its time runs; none for a product without events."""
        return {name: lane.pulse for name, lane in self._lanes.items() if lane.watermark.newest}

    def readings(self, at: datetime) -> Iterator[Reading]:
        """The health, at a moment, of every user with an occasion, in the order of their keys; what was not settled
        yet is not seen.
        """
        drawn = (self._lane(key).reading(key, at) for key in sorted(self._users()))
        return (reading for reading in drawn if reading is not None)

    def portraits(self, user_id: str) -> Iterator[Portrait]:
        """All that is known of a user in each product at the product's own time; in the order of product names."""
        for key in sorted(key for key in self._users() if user_and_product(key)[0] == user_id):
            lane = self._lane(key)
            portrait = lane.portrait(key, datetime.fromtimestamp(lane.watermark.time, UTC))
            if portrait is not None:
                yield portrait

    @property
    def queued(self) -> int:
        """How many users wait for their deadline."""
        return sum(len(lane.deadlines) for lane in self._lanes.values())

    def _users(self) -> Iterator[bytes]:
        return (key for key, _ in self._table.items() if not reserved(key))

    def _lane(self, key: bytes) -> Lane:
        return self._lanes.get(user_and_product(key)[1], self._default)

    def _restore(self, table: Table) -> None:
        waiting: dict[bytes, list[tuple[bytes, int]]] = {ending(name): [] for name in self._lanes}
        learned: dict[str, dict[str, bytes]] = {}
        unlisted = waiting[ending(DEFAULT_PRODUCT)]
        for key, record in table.items():
            if reserved(key):
                product, kind = product_and_kind(key)
                learned.setdefault(product, {})[kind] = record
            else:
                waiting.get(ending_of(key), unlisted).append((key, due_of(key, record)))
        for name, lane in self._lanes.items():
            lane.restore(waiting[ending(name)], learned.get(name, {}))

    def _facts(self, said: Iterable[Said]) -> Iterator[Fact]:
        for message in said:
            if isinstance(message, Warning):
                self._tally[f"warning.{message.level}"] += 1
                yield fact_of(message)
            elif isinstance(message, StageChange):
                self._tally[f"stage.{message.to}"] += 1
                yield fact_of(message)
            elif isinstance(message, Sign):
                self._tally[f"sign.{message.kind}"] += 1
                yield fact_of(message)
            else:
                yield fact_of(message, ONE)

    def _refused(self, topic: str, record: Record, reject: Reject) -> Fact:
        self._tally["event.rejected"] += 1
        return self._letter(topic, record, reject)

    def _letter(self, topic: str, record: Record, reject: Reject) -> Fact:
        self._tally[f"reject.{reject.reason}"] += 1
        return dead_letter(record, topic, self._number, reject.reason, reject.detail)


def _population(record: Record) -> PopulationDay | PopulationMark | None:
    """What another partition said; None where it took back what all have learned."""
    if record.value is None:
        return None
    if header(record.headers, "ce_type") == PopulationMark.TYPE.encode():
        return read_own(PopulationMark, record)
    return read_own(PopulationDay, record)
