"""What the input says: which records are no events, and what each user did, in the order of the topic.

It reads bytes its own slow way and keeps whole histories; nothing of the program under test is imported.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.faults.book import Stood
from tests.faults.oracle_life import Lived
from tests.faults.oracle_time import Time
from tests.faults.rules import DELAY_SECONDS, EARLY_SECONDS, EXPERIENCE, LATE_SECONDS, Rules
from tests.faults.state import Remembered, Step, digest

SEEN = 16
COMPLAINTS = 4
LOW_SCORE = 2
MOST_BYTES = 262_144
RESERVED = b"\0"
PLAIN = {"id": "id", "source": "source", "type": "type", "time": "time", "user": "user_id", "product": "product"}
CLOUD = {**PLAIN, "user": "subject"}


class Event(NamedTuple):
    """An accepted event; ``time`` in seconds since 1970."""

    id: str
    source: str
    type: str
    time: float
    user: str
    product: str
    properties: dict[str, Any]


def event_of(record: Stood) -> Event | None:
    """The event in a record, in any of the three forms; None for a record that is no event."""
    headers = {name: value.decode() for name, value in record.headers}
    if len(record.value or b"") > MOST_BYTES or (record.key or b"").startswith(RESERVED):
        return None
    try:
        body = json.loads((record.value or b"").decode() or "null")
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    if "ce_id" in headers:
        found = {ours: headers.get(f"ce_{theirs}") for ours, theirs in CLOUD.items()} | {"properties": body}
    elif headers.get("content-type", "").startswith("application/cloudevents"):
        found = {ours: body.get(theirs) for ours, theirs in CLOUD.items()} | {"properties": body.get("data", {})}
    else:
        found = {ours: body.get(theirs) for ours, theirs in PLAIN.items()}
        found |= {"properties": body.get("properties", {})}
    return _sound(found, record)


def _sound(found: dict[str, Any], record: Stood) -> Event | None:
    key = record.key.decode() if record.key else None
    found = {**found, "user": found["user"] or key, "product": found["product"] or "default"}
    if not all(isinstance(found[name], str) and found[name] for name in PLAIN) or found["user"] != key:
        return None
    try:
        time = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    if (
        time.tzinfo is None
        or not 2000 <= time.year <= 2099
        or time.timestamp() - EARLY_SECONDS > record.timestamp / 1000
    ):
        return None
    return Event(**{**found, "time": time.timestamp()}) if isinstance(found["properties"], dict) else None


class Signed(NamedTuple):
    """What an event about a complaint must have said to the dispatcher."""

    user: str
    source: str
    event: str
    kind: str
    open: int


class History:
    """One user in one product: his life as it is told, and what only the order of arrival decides."""

    def __init__(self, user: str, time: Time) -> None:
        self.time, self.lived = time, Lived(time, user)
        self.life = self.lived.life
        self.seen: list[bytes] = []
        self.open: list[str] = []
        self.signs: list[Signed] = []

    @property
    def last(self) -> int:
        return max(self.life.occasions, default=-1)

    def remembered(self) -> Remembered:
        """What the program must know of this user."""
        days, seen = self.life.occasions, b"".join(self.seen[-SEEN:])
        return Remembered(min(days, default=-1), self.last, max(len(days) - 1, 0), days.get(self.last, 0), seen)

    def arrives(self, event: Event, role: str, key_behaviour: str) -> None:
        """An event in its turn; a duplicate of the last 16, or one of a day before the last, moves nothing.

        Of such a day complaints, scores and the key behaviour count none the less.
        """
        mark, day = digest(f"{event.source}\0{event.id}"), self.time.day(int(event.time))
        if mark in self.seen[-SEEN:]:
            return
        if role in EXPERIENCE or role == key_behaviour or day >= self.last:
            self.seen.append(mark)
        if role not in EXPERIENCE and day > self.last:
            self.time.visited(day, self.last)
        kind = "order" if role == key_behaviour else "visit"
        self.lived.happens(event.time, self._felt(event, role) if role in EXPERIENCE else kind)

    def _felt(self, event: Event, role: str) -> str:
        """What an experience is to the reference, which knows complaints without names."""
        name = event.properties.get("complaint", event.id)
        if role == "score":
            return "rate" if event.properties.get("score", 5) <= LOW_SCORE else "nothing"
        if role == "complaint_resolved":
            if name in self.open:
                self.open.remove(name)
                self.signs.append(Signed(event.user, event.source, event.id, role, len(self.open)))
            return "nothing" if self.open else "resolve"
        if name in self.open:
            return "nothing"
        self.open = [*self.open, name][-COMPLAINTS:]
        self.signs.append(Signed(event.user, event.source, event.id, role, len(self.open)))
        return "complain"


Steps = Sequence[Step]


class Input:
    """All partitions of the event topic, read from their beginning, transaction by transaction.

    ``steps`` says where each partition's transactions ended; ``time`` makes the time of a listed product in one.
    """

    def __init__(
        self, rules: Rules, records: Iterable[Stood], steps: dict[int, Steps], time: Callable[[str, int], Time]
    ) -> None:
        self._rules = rules
        self.rejected: list[tuple[str, int, int]] = []
        self.events = 0
        self.histories: dict[tuple[str, str], History] = {}
        self.times = {(name, number): time(name, number) for name in rules.products for number in steps}
        self.jumps: list[tuple[str, int, int, int]] = []
        """Product, partition, time and what was heard, where a partition's time moved without an event."""
        self.back: list[str] = []
        by_partition: dict[int, list[Stood]] = defaultdict(list)
        for record in records:
            by_partition[record.partition].append(record)
        for number, taken in steps.items():
            self._read(number, taken, iter(by_partition[number]))

    def _read(self, number: int, steps: Steps, records: Iterator[Stood]) -> None:
        waiting = next(records, None)
        for step in steps:
            while waiting is not None and waiting.offset < step.position:
                self._record(waiting, step.heard)
                waiting = next(records, None)
            for name, newest in step.newest.items():
                self._follow(name, number, newest, step.heard)
        for record in (waiting, *records) if waiting is not None else ():  # what no transaction has taken in
            self._record(record, 0)

    def _follow(self, name: str, number: int, newest: int, heard: int) -> None:
        time = self.times[name, number]
        if newest > time.newest:
            self.jumps.append((name, number, newest - DELAY_SECONDS, heard))
            time.moves(newest, heard, by_event=False)
        elif newest < time.newest:
            self.back.append(f"time of {name} in partition {number} stands at {newest}, not {time.newest}")

    def _record(self, record: Stood, heard: int) -> None:
        event = event_of(record)
        if event is None:
            self.rejected.append((record.topic, record.partition, record.offset))
        else:
            self.events += 1
            self._take(event, record.partition, heard)

    def _take(self, event: Event, partition: int, heard: int) -> None:
        rules, seconds = self._rules, int(event.time)
        lane = rules.lane(event.product)
        time = self.times[lane, partition]
        time.moves(seconds, heard, by_event=True)
        role = rules.roles.get(event.type)
        if role is None or seconds < time.newest - DELAY_SECONDS - LATE_SECONDS:
            return
        if role not in rules.activity | EXPERIENCE:
            return
        who = event.user, event.product
        history = self.histories.setdefault(who, History(event.user, time))
        history.arrives(event, role, rules.products[lane].key_behaviour)
