"""Each record has one outcome: counted at the very step that takes it, with its dead letter where it is refused.

What a step counts holds once its transaction settles. A record that no step can take was put aside by the net, with a
dead letter: nothing stood still for it, but a door has let it pass, and that is a fault, too.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from agents.driver import Driver
from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.decision import Decision
from schemas.reject import refusal_of
from streams.dead_letter import LETTER_BYTES
from streams.role import Fact, Partition, Record, Settled, Table

KINDS: Final[Mapping[str, str]] = {topics.EVENTS: "event", topics.PROFILES: "profile", topics.FEEDBACK: "feedback"}
LETTERED: Final = frozenset({"rejected", "obeyed_in_part"})
"""Outcomes that leave a dead letter."""


class Outcomes:
    """What became of the records of all topics that others write: ``counted`` by ``kind.outcome``."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.orders: Counter[str] = Counter()
        """What became of operators' words, as the dispatchers count it: each once in the installation."""

    def watched(self, role: RoleSpec) -> RoleSpec:
        """The same role, whose partitions are watched at every step."""
        opens = role.open

        def opened(number: int, table: Table, memo: bytes | None) -> Partition:
            return Watched(opens(number, table, memo), number, self._settled)

        return replace(role, open=opened)

    def _settled(self, counted: Counter[str], orders: Counter[str]) -> None:
        self.counted.update(counted)
        self.orders.update(orders)

    def judge(self, driver: Driver) -> None:
        """As many outcomes as records, a dead letter of each that was refused, and none twice; none was put aside."""
        letters = [refusal_of(record.headers) for record in driver.read(topics.DEAD_LETTERS)]
        places = Counter((each.topic, each.partition, each.offset) for each in letters if each)
        assert len(letters) == len(places), f"dead letters of no record, or twice of one: {places.most_common(3)}"
        for topic, kind in KINDS.items():
            counted = {name: count for name, count in self.counted.items() if name.startswith(f"{kind}.")}
            lettered = sum(count for name, count in counted.items() if name.partition(".")[2] in LETTERED)
            written, told = len(driver.read(topic)), sum(count for place, count in places.items() if place[0] == topic)
            assert sum(counted.values()) - lettered + told == written, f"{written} records, {told} letters, {counted}"
            assert told == lettered, f"{told - lettered} records of {topic} were put aside, for no door refused them"
        aside = [each.user_id for each in driver.messages(Decision) if each.reason == "unprocessable"]
        assert not aside, f"nobody could judge {aside}"


class Watched:
    """A partition whose every step says of each record what became of it; fulfils :class:`streams.role.Partition`."""

    def __init__(self, partition: Any, number: int, settled: Callable[[Counter[str], Counter[str]], None]) -> None:
        self._partition, self._number, self._settled = partition, number, settled
        self._counted: Counter[str] = Counter()
        self._orders: Counter[str] = Counter()

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        return list(self._partition.hear(topic, records, now))

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> object | None:
        return self._partition.question(now, due=due, behind=behind, most=most)  # type: ignore[no-any-return]

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        return list(self._partition.judge(answer, now))

    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        return list(self._partition.refuse(topic, record, cause, now))

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        return list(self._partition.put_aside(user, cause, time, now))

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        self._tally()
        facts = list(self._partition.step(topic, records, now))
        if topic in KINDS:
            self._judge(topic, records, facts, self._tally())
        return facts

    def tick(self, now: datetime, caught_up: bool) -> Iterable[Fact]:
        return list(self._partition.tick(now, caught_up))

    def settle(self) -> Settled:
        settled: Settled = self._partition.settle()
        self._tally()
        self._settled(self._counted, self._orders)
        self._counted.clear()
        self._orders.clear()
        return settled

    def _tally(self) -> Mapping[str, int]:
        """What was counted since the last look; orders are kept until the transaction settles."""
        tally: dict[str, int] = self._partition.tally()
        self._orders.update({name: count for name, count in tally.items() if name.startswith("control.")})
        return tally

    def _judge(self, topic: str, records: Sequence[Record], facts: Iterable[Fact], tally: Mapping[str, int]) -> None:
        """As many outcomes as records; of the refused, and of no others, one letter each, that says where it stood."""
        kind, letters = KINDS[topic], [fact for fact in facts if fact.topic == topics.DEAD_LETTERS]
        counted = {name: count for name, count in tally.items() if name.startswith(f"{kind}.")}
        assert sum(counted.values()) == len(records), f"{len(records)} records of {topic} have the outcomes {counted}"
        lettered = sum(count for name, count in counted.items() if name.partition(".")[2] in LETTERED)
        refused = [refusal_of(fact.headers) for fact in letters]
        told = [each.offset for each in refused if each and (each.topic, each.partition) == (topic, self._number)]
        assert len(letters) == len(told) == len(set(told)) == lettered, f"{counted}, with letters of {told}"
        assert set(told) <= {record.offset for record in records}, f"letters of {told}, which are other records"
        for letter in letters:
            assert size(letter) <= LETTER_BYTES, f"a letter of {size(letter)} bytes; its topic takes {LETTER_BYTES}"
        self._counted.update(counted)


def size(fact: Fact) -> int:
    """The bytes of a fact's key, value and headers."""
    headers = sum(len(name.encode(errors="surrogatepass")) + len(value or b"") for name, value in fact.headers)
    return len(fact.key or b"") + len(fact.value or b"") + headers
