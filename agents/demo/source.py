"""Everything the apps of the town write, in the order of its times: profiles first, then events, day after day.

One time is event time and record time. Equal arguments give equal records, on every machine; there is no end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import count
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from agents.demo.person import Deed, Person
from agents.demo.spoilt import spoilt
from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.policy import Policy, Role
from schemas.policy.policy import DEFAULT_PRODUCT
from schemas.profile import Profile
from streams.intake import Event

SOURCE = "demo-app"
FIRST_MONDAY = datetime(2026, 5, 4)  # noqa: DTZ001  a date; its zone is the product's
PAST_DAYS = 28
"""The town is so old when the demo's clock starts: there are habits to compare a silence with."""
START_HOUR = 10

CONSENTS = {Channel.PUSH: 0.85, Channel.WECHAT: 0.6, Channel.SMS: 0.55, Channel.EMAIL: 0.5}
REACHED = 0.9
UNKNOWN_USERS = 0.06
"""Share of users without a profile: nobody may write to them."""
TWICE, BROKEN, FOREIGN = 0.003, 0.001, 0.01
"""Share of events that come twice, that come broken as well, and chance of one whose type no policy knows."""


class Due(NamedTuple):
    """A record and the time it is written at."""

    at: datetime
    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True)
class Source:
    """A town of ``users`` under a policy that says what the app's events are called and which products there are."""

    policy: Policy
    users: int
    seed: int = 1

    @property
    def start(self) -> datetime:
        """When the demo's clock starts: 10:00 in the product's own zone, after PAST_DAYS days of life, UTC."""
        return self._midnight(PAST_DAYS) + timedelta(hours=START_HOUR)

    def records(self) -> Iterator[Due]:
        """Every record, by time."""
        yield from map(self._introduced, range(self.users))
        people = [Person(self.seed, number, self._activity(number), PAST_DAYS) for number in range(self.users)]
        for day in count():
            yield from self._day(day, people)

    def _day(self, day: int, people: list[Person]) -> Iterator[Due]:
        random, midnight = Random(f"day {self.seed} {day}"), self._midnight(day)
        deeds = [(deed, number) for number, person in enumerate(people) for deed in person.day(day)]
        deeds.sort(key=lambda each: (each[0].second, each[1]))
        for serial, (deed, number) in enumerate(deeds):
            due = self._written(deed, number, f"{day}-{serial}", midnight, random)
            if due is None:
                continue
            yield due
            if random.random() < TWICE:
                yield due
            if random.random() < BROKEN:
                yield due._replace(value=spoilt(due.value, random))

    def _written(self, deed: Deed, number: int, id: str, midnight: datetime, random: Random) -> Due | None:
        """The event that tells of a deed, or None where the policy has no name for it."""
        names = self._names.get(deed.role)
        if not names:
            return None
        at = midnight + timedelta(milliseconds=int(deed.second * 1000))
        name = "banner.shown" if random.random() < FOREIGN else random.choice(names)
        user_id = _user_id(number)
        event = Event(id, SOURCE, name, at, user_id, self._products[number], deed.properties)
        return Due(at, topics.EVENTS, user_id.encode(), msgspec.json.encode(event))

    def _introduced(self, number: int) -> Due:
        """A user's profile; of some nothing is known but that they exist."""
        random, at = Random(f"profile {self.seed} {number}"), self._midnight(0)
        user_id = _user_id(number)
        if random.random() < UNKNOWN_USERS:
            return _due(Profile(user_id=user_id, time=at))
        spend = round(random.lognormvariate(6, 1), 2)
        return _due(
            Profile(
                user_id=user_id,
                time=at,
                consent={channel: random.random() < share for channel, share in CONSENTS.items()},
                reachable=tuple(channel for channel in CONSENTS if random.random() < REACHED),
                zone=self.policy.product(DEFAULT_PRODUCT).zone,
                language="zh",
                city_tier=random.randint(1, 4),
                total_spend=spend,
                lifetime_value=round(spend * random.uniform(1, 2), 2),
                acquisition_cost=40.0,
            )
        )

    @cached_property
    def _products(self) -> list[str]:
        """Each user's product: for every tenth one that is not the default, where there are any."""
        others = sorted(set(self.policy.products) - {DEFAULT_PRODUCT}) or [DEFAULT_PRODUCT]
        return [others[n // 10 % len(others)] if n % 10 == 9 else DEFAULT_PRODUCT for n in range(self.users)]

    def _activity(self, number: int) -> tuple[Role, ...]:
        """What counts as life in a user's product and has a name there; a valid policy has at least one."""
        return tuple(role for role in self.policy.product(self._products[number]).activity if role in self._names)

    @cached_property
    def _names(self) -> dict[Role, list[str]]:
        names: dict[Role, list[str]] = {}
        for name, role in self.policy.events.items():
            names.setdefault(role, []).append(name)
        return names

    def _midnight(self, day: int) -> datetime:
        zone = ZoneInfo(self.policy.product(DEFAULT_PRODUCT).zone)
        return datetime.combine(FIRST_MONDAY + timedelta(days=day), time(), zone).astimezone(UTC)


def _user_id(number: int) -> str:
    return f"user-{number:05d}"


def _due(message: Message) -> Due:
    return Due(message.ce_time, message.TOPIC, message.key.encode(), message.encode())
