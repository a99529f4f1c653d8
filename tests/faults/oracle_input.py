"""What the input says: which records are no events, and what each user did, in the order of the topic.

It reads bytes its own slow way and keeps whole histories; nothing of the program under test is imported.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from tests.faults.book import Stood
from tests.faults.rules import DELAY_SECONDS, EARLY_SECONDS, EXPERIENCE, LATE_SECONDS, Rules
from tests.faults.state import Remembered, digest
from tests.laws.reference import Life

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


class History:
    """One user in one product: the life the reference knows, and what only the order of arrival decides."""

    def __init__(self, user: str, zone: str, horizon: int) -> None:
        self.life = Life(user, zone, horizon)
        self.seen: list[bytes] = []
        self.open: list[str] = []

    @property
    def last(self) -> int:
        return max(self.life.occasions, default=-1)

    def remembered(self) -> Remembered:
        """What the program must know of this user."""
        days = self.life.occasions
        seen = b"".join(self.seen[-SEEN:])
        return Remembered(min(days, default=-1), self.last, max(len(days) - 1, 0), days.get(self.last, 0), seen)

    def arrives(self, event: Event, role: str, activity: bool, newest: int) -> None:
        """An event in its turn; a duplicate of the last 16, or one of a day before the last, moves nothing."""
        mark = digest(f"{event.source}\0{event.id}")
        if mark in self.seen[-SEEN:]:
            return
        if role in EXPERIENCE or self.life.day(event.time) >= self.last:
            self.seen.append(mark)
        if role in EXPERIENCE:
            self._feels(event, role)
        if activity:
            self._acts(self.life.day(event.time), newest)

    def _acts(self, day: int, newest: int) -> None:
        if day >= self.last:
            self.life.occasions[day] = self.life.occasions.get(day, 0) + 1
            self.life.moments.setdefault(day, newest)

    def _feels(self, event: Event, role: str) -> None:
        name = event.properties.get("complaint", event.id)
        if role == "score":
            if event.properties.get("score", 5) <= 2:
                self.life.complains(event.time)
        elif role == "complaint_resolved":
            self.open = [one for one in self.open if one != name]
        elif name not in self.open:
            self.open = [*self.open, name][-COMPLAINTS:]
            self.life.complains(event.time)


class Input:
    """All partitions of the event topic, read from their beginning."""

    def __init__(self, rules: Rules, records: Iterable[Stood]) -> None:
        self._rules = rules
        self.rejected: list[tuple[str, int, int]] = []
        self.events = 0
        self.histories: dict[tuple[str, str], History] = {}
        self.newest: dict[tuple[int, str], int] = {}
        self._partition: dict[tuple[str, str], int] = {}
        for record in records:
            event = event_of(record)
            if event is None:
                self.rejected.append((record.topic, record.partition, record.offset))
            else:
                self.events += 1
                self._take(event, record.partition)

    def newest_for(self, user: str, product: str) -> int:
        """The newest event time, whole seconds, of the partition and product that a user lives in."""
        return self.newest[self._partition[user, product], self._rules.lane(product)]

    def _take(self, event: Event, partition: int) -> None:
        rules, lane, seconds = self._rules, self._rules.lane(event.product), int(event.time)
        newest = self.newest[partition, lane] = max(self.newest.get((partition, lane), 0), seconds)
        role = rules.roles.get(event.type)
        if role is None or seconds < newest - DELAY_SECONDS - LATE_SECONDS:
            return
        if role not in rules.activity | EXPERIENCE:
            return
        who = event.user, event.product
        self._partition[who] = partition
        history = self.histories.get(who)
        if history is None:
            product = rules.products[lane]
            history = self.histories[who] = History(event.user, product.zone, product.horizon)
        history.arrives(event, role, role in rules.activity, newest)
