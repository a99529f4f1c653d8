"""The people of a campaign: a seeded log of what they do, day by day, with everything an input topic really holds.

Most live by a rhythm of their own and fall silent now and then, some for good; some complain. Among what their apps
send there are late events, events sent twice, event names nobody knows, and bytes that are no event at all.
"""

import json
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EVENTS, PROFILES, FEEDBACK = "app.events", "user.profiles", "churn.feedback"
START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday; the first day of every campaign."""

CHANNELS = ("push", "email", "sms")
ACTIVITY = ("app.opened", "app.opened", "page.viewed", "page.viewed", "order.paid")
LANGUAGES = ("zh-CN", "en-GB", "en", None)
GAPS = (1, 1, 1, 1.5, 2, 3, 5)
PRODUCTS = ("default", "default", "grocery", "books")  # books is in no policy: it lives under the default's rules
DAY = timedelta(days=1)
OUTAGES = 30, 17, 3
"""Every 30 days from the 17th, for 3 days, no event comes of anybody: what happened meanwhile is never told."""
Headers = tuple[tuple[str, bytes], ...]


def outage(day: int) -> bool:
    """Whether apps cannot send on a day of the campaign.

    >>> [day for day in range(60) if outage(day)]
    [17, 18, 19, 47, 48, 49]
    """
    every, first, days = OUTAGES
    return (day - first) % every < days and day >= first


class Sent(NamedTuple):
    """A record as a producer sends it; ``at`` is also its record time."""

    at: datetime
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass
class Person:
    """A user of one product: mean days between visits, the day of the next one (None: never), open complaints."""

    name: str
    product: str
    gap: float
    visits: int | None
    complaints: list[str] = field(default_factory=list)


class Town:
    """The same seed and size give the same days, as long as they are asked for in order."""

    def __init__(self, seed: int, people: int, start: datetime) -> None:
        self._random = random.Random(f"town {seed}")
        self._start, self._number = start, 0
        self._recent: deque[Sent] = deque(maxlen=200)
        draw = self._random
        self.people = [
            Person(f"user-{n}", draw.choice(PRODUCTS), draw.choice(GAPS), draw.randrange(7)) for n in range(people)
        ]

    def profiles(self) -> Iterator[Sent]:
        """Who they are, before the first day; some are not known at all."""
        return (self._profile(person, self._start) for person in self.people if self._random.random() < 0.93)

    def days(self) -> Iterator[list[Sent]]:
        """What is sent on one day after the other, each in order of time; without end."""
        day = 0
        while True:
            lived = sorted(self._day(day), key=lambda sent: sent.at)
            if outage(day):
                lived = [sent for sent in lived if sent.topic != EVENTS]
                self._recent.clear()  # else an app would tell of it later
            yield lived
            day += 1

    def farewell(self, at: datetime, count: int) -> Iterator[Sent]:
        """Somebody new opens the app for the first time, in every product: time moves on in every partition."""
        for product in dict.fromkeys(PRODUCTS):
            for number in range(count):
                person = Person(f"last-{product}-{number}", product, 1, None)
                yield self._event(person, "app.opened", at, at)

    def _day(self, day: int) -> Iterator[Sent]:
        midnight = self._start + day * DAY
        for person in self.people:
            if person.visits == day:
                yield from self._visit(person, midnight)
                person.visits = self._next(person, day)
            if self._random.random() < 0.004:
                yield self._profile(person, self._moment(midnight))
        for _ in range(len(self.people) // 150):
            yield self._nonsense(self._random.choice(self.people), self._moment(midnight))

    def _next(self, person: Person, day: int) -> int | None:
        if self._random.random() < 0.04:
            return None if self._random.random() < 0.3 else day + self._random.randint(12, 45)
        return day + max(1, round(self._random.expovariate(1 / person.gap)))

    def _visit(self, person: Person, midnight: datetime) -> Iterator[Sent]:
        draw, at = self._random, self._moment(midnight)
        for number in range(draw.choice((1, 1, 2, 2, 3, 5))):
            at += timedelta(seconds=draw.randint(1, 900))
            # Only what follows a visit's first event may be late: a new day is never learned of behind its looks, which
            # is the one case that the slow reference of the index does not know.
            sent = self._event(person, draw.choice(ACTIVITY), self._happened(at) if number else at, at)
            yield sent
            self._recent.append(sent)
        if draw.random() < 0.03:
            yield self._again(at)
        if draw.random() < 0.05:
            yield self._opinion(person, at)
        if draw.random() < 0.03:
            yield self._event(person, draw.choice(("friend.invited", "theme.changed")), at, at)

    def _happened(self, at: datetime) -> datetime:
        """Mostly now; some events were under way for hours, a few for days."""
        late = self._random.random()
        if late < 0.95:
            return at
        return at - timedelta(hours=self._random.randint(1, 20) if late < 0.99 else self._random.randint(30, 60))

    def _again(self, at: datetime) -> Sent:
        """An event of the last minutes or hours, sent once more by an app that was not sure."""
        return self._random.choice(self._recent)._replace(at=at)

    def _opinion(self, person: Person, at: datetime) -> Sent:
        draw = self._random
        if draw.random() < 0.4:
            return self._event(person, "order.rated", at, at, score=draw.randint(1, 5))
        if person.complaints and draw.random() < 0.5:
            return self._event(person, "ticket.resolved", at, at, complaint=person.complaints.pop())
        name = f"t{draw.randrange(10**6)}"
        person.complaints.append(name)
        return self._event(person, "ticket.opened", at, at, complaint=name)

    def _event(self, person: Person, kind: str, time: datetime, at: datetime, **properties: object) -> Sent:
        """In one of the three forms an app may choose."""
        key, form = person.name.encode(), self._random.random()
        plain = self._plain(person, kind, time.isoformat(), properties)
        if form < 0.8:
            return Sent(at, EVENTS, key, json.dumps(plain).encode())
        attributes = ("id", "source", "type", "time", "product")
        cloud = {"specversion": "1.0", **{name: str(plain[name]) for name in attributes}}
        if form < 0.9:
            headers = tuple((f"ce_{name}", value.encode()) for name, value in cloud.items())
            return Sent(at, EVENTS, key, json.dumps(properties).encode(), headers)
        body = json.dumps({**cloud, "subject": person.name, "data": properties}).encode()
        return Sent(at, EVENTS, key, body, (("content-type", b"application/cloudevents+json"),))

    def _profile(self, person: Person, at: datetime) -> Sent:
        draw, key = self._random, person.name.encode()
        if at != self._start and draw.random() < 0.05:
            return Sent(at, PROFILES, key, None)
        body = {
            "user_id": person.name,
            "time": at.isoformat(),
            "consent": {channel: draw.random() < 0.85 for channel in CHANNELS},
            "reachable": [channel for channel in CHANNELS if draw.random() < 0.9],
            "total_spend": draw.randrange(10_000),
            "language": LANGUAGES[int(person.name.rpartition("-")[2]) % len(LANGUAGES)],
        }
        return Sent(at, PROFILES, key, json.dumps(body).encode())

    def _nonsense(self, person: Person, at: datetime) -> Sent:
        """A record that is no event, each kind for a reason of its own; now and then a profile or report."""
        sound = self._plain(person, "app.opened", at.isoformat(), {})
        kinds = (
            b"{not json",
            b"",
            b"[1, 2]",
            b'{"id": "\xff"}',
            json.dumps({key: value for key, value in sound.items() if key != "id"}).encode(),
            json.dumps({**sound, "time": "yesterday"}).encode(),
            json.dumps({**sound, "time": at.replace(tzinfo=None).isoformat()}).encode(),
            json.dumps({**sound, "user_id": "somebody-else"}).encode(),
            json.dumps({**sound, "time": (at + timedelta(hours=2)).isoformat()}).encode(),
            json.dumps({**sound, "properties": 7}).encode(),
        )
        topic = self._random.choices((EVENTS, PROFILES, FEEDBACK), (8, 1, 1))[0]
        value = self._random.choice(kinds) if topic == EVENTS else b'{"user_id": 5'
        return Sent(at, topic, person.name.encode(), value)

    def _plain(self, person: Person, kind: str, time: str, properties: dict[str, object]) -> dict[str, object]:
        self._number += 1
        plain = {"id": f"e{self._number}", "source": "shop-app", "type": kind, "time": time}
        return {**plain, "user_id": person.name, "product": person.product, "properties": properties}

    def _moment(self, midnight: datetime) -> datetime:
        return midnight + timedelta(seconds=self._random.randrange(80_000))
