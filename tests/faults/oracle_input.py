"""What the input says: which records are no events, and what each user did, in the order of the topic.

It reads bytes its own slow way and keeps whole histories; nothing of the program under test is imported.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tests.faults.book import Stood
from tests.faults.oracle_time import Time
from tests.faults.rules import DELAY_SECONDS, EARLY_SECONDS, EXPERIENCE, LATE_SECONDS, Rules
from tests.faults.state import Remembered, Step, digest
from tests.laws.reference_learning import Taught

SEEN = 16
COMPLAINTS = 4
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
    if time.tzinfo is None or time.timestamp() - EARLY_SECONDS > record.timestamp / 1000:
        return None
    return Event(**{**found, "time": time.timestamp()}) if isinstance(found["properties"], dict) else None


@dataclass
class Visit:
    """A day with activity: its events, the moment of the first, what was newest then, what the silence is read with."""

    events: int
    first: float
    newest: float
    taught: Taught


class History:
    """One user in one product: his days, and what only the order of arrival decides."""

    def __init__(self, user: str, time: Time) -> None:
        self.user, self.time = user, time
        self.visits: dict[int, Visit] = {}
        self.complaints: list[int] = []
        self.seen: list[bytes] = []
        self.open: list[str] = []

    @property
    def last(self) -> int:
        return max(self.visits, default=-1)

    def remembered(self) -> Remembered:
        """What the program must know of this user."""
        days, seen = self.visits, b"".join(self.seen[-SEEN:])
        today = days[self.last].events if days else 0
        return Remembered(min(days, default=-1), self.last, max(len(days) - 1, 0), today, seen)

    def arrives(self, event: Event, role: str, activity: bool) -> None:
        """An event in its turn; a duplicate of the last 16, or one of a day before the last, moves nothing."""
        mark, day = digest(f"{event.source}\0{event.id}"), self.time.day(int(event.time))
        if mark in self.seen[-SEEN:]:
            return
        if role in EXPERIENCE or day >= self.last:
            self.seen.append(mark)
        if role in EXPERIENCE:
            self._feels(event, role, day)
        if activity:
            self._acts(event, day)

    def _acts(self, event: Event, day: int) -> None:
        if day == self.last:
            self.visits[day].events += 1
        elif day > self.last:
            self.time.visited(day, self.last)
            self.visits[day] = Visit(1, event.time, self.time.newest, self.time.taught)

    def _feels(self, event: Event, role: str, day: int) -> None:
        name = event.properties.get("complaint", event.id)
        if role == "score":
            if event.properties.get("score", 5) <= 2:
                self.complaints.append(day)
        elif role == "complaint_resolved":
            self.open = [one for one in self.open if one != name]
        elif name not in self.open:
            self.open = [*self.open, name][-COMPLAINTS:]
            self.complaints.append(day)


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
        time = self.times[rules.lane(event.product), partition]
        time.moves(seconds, heard, by_event=True)
        role = rules.roles.get(event.type)
        if role is None or seconds < time.newest - DELAY_SECONDS - LATE_SECONDS:
            return
        if role not in rules.activity | EXPERIENCE:
            return
        who = event.user, event.product
        history = self.histories.setdefault(who, History(event.user, time))
        history.arrives(event, role, role in rules.activity)
