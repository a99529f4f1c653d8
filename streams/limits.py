"""What is for all users together and therefore leased: each limit of a policy, its window, and what a message takes.

The governor grants by these limits, the dispatchers draw by these needs; both read them here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from schemas.channel import Channel
from schemas.lease import BLAST, MICROS, Span, budget, volume
from schemas.policy import Policy, VolumeCap

MINUTES = {Span.HOUR: 60, Span.DAY: 1_440}
STEPS = 60
"""A rolling window is kept in so many parts; one that lies in it in part counts in full."""


class Window(Protocol):
    """The time over which a limit holds, in numbered parts."""

    def part(self, minute: int) -> int:
        """The part that a minute (since 1970) lies in."""
        ...

    def first(self, minute: int) -> int:
        """The oldest part that counts in this minute; every later one counts, too."""
        ...

    def ends(self, now: datetime) -> datetime:
        """When what is used up now may be free again."""
        ...


class Rolling(NamedTuple):
    """Any so many minutes."""

    minutes: int

    def part(self, minute: int) -> int:
        return minute // max(1, self.minutes // STEPS)

    def first(self, minute: int) -> int:
        return self.part(minute - self.minutes)

    def ends(self, now: datetime) -> datetime:
        return now + timedelta(minutes=self.minutes)


class Daily(NamedTuple):
    """The calendar day of a zone."""

    zone: str

    def part(self, minute: int) -> int:
        return _day(minute, self.zone)

    def first(self, minute: int) -> int:
        return _day(minute, self.zone)

    def ends(self, now: datetime) -> datetime:
        zone = ZoneInfo(self.zone)
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), zone).astimezone(now.tzinfo)


@lru_cache(maxsize=10_000)
def _day(minute: int, zone: str) -> int:
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).date().toordinal()


def minute_of(now: datetime) -> int:
    """Minutes since 1970.

    >>> from datetime import UTC
    >>> minute_of(datetime(1970, 1, 1, 1, 0, 59, tzinfo=UTC))
    60
    """
    return int(now.timestamp()) // 60


class Limit(NamedTuple):
    """At most ``amount`` units in a window (None where the governor alone knows); a message takes ``least`` or more."""

    amount: int | None
    window: Window
    least: int = 1


Limits = Mapping[str, Limit]
HOURLY = Rolling(MINUTES[Span.HOUR])


def limits(policy: Policy) -> dict[str, Limit]:
    """Every limit of a policy by its resource.

    >>> from schemas.policy import Budgets, Volume
    >>> few = Policy(name="few", budgets=Budgets(day=2.5), volume=Volume(hour=7))
    >>> for resource, limit in limits(few).items():
    ...     print(resource, limit)
    budget Limit(amount=2500000, window=Daily(zone='UTC'), least=1)
    volume/hour Limit(amount=7, window=Rolling(minutes=60), least=1)
    """
    found = _budgets(policy) | _volumes(policy.volume, None)
    for channel, cap in policy.volume.channels.items():
        found |= _volumes(cap, channel)
    if policy.blast.per_hour is not None or policy.blast.factor is not None:
        found[BLAST] = Limit(None, HOURLY)
    return found


def _budgets(policy: Policy) -> dict[str, Limit]:
    day, channels = Daily(policy.budgets.zone), {each.name: each.channels for each in policy.playbooks}
    found = {}
    if policy.budgets.day is not None:
        found[budget()] = Limit(micros(policy.budgets.day), day, _cheapest(policy, policy.channels))
    for name, amount in policy.budgets.playbooks.items():
        found[budget(name)] = Limit(micros(amount), day, _cheapest(policy, channels.get(name, ())))
    return found


def _cheapest(policy: Policy, channels: Iterable[Channel]) -> int:
    costs = (micros(policy.channels[channel].cost) for channel in channels if channel in policy.channels)
    return min(filter(None, costs), default=1)


def _volumes(cap: VolumeCap, channel: Channel | None) -> dict[str, Limit]:
    of = {Span.HOUR: cap.hour, Span.DAY: cap.day}
    return {
        volume(span, channel): Limit(count, Rolling(MINUTES[span])) for span, count in of.items() if count is not None
    }


def micros(amount: float) -> int:
    """An amount of money in whole millionths.

    >>> micros(0.05), micros(0.07), micros(3)
    (50000, 70000, 3000000)
    """
    return round(amount * MICROS)


class Need(NamedTuple):
    """What one message takes of a resource."""

    resource: str
    units: int


class Needs(NamedTuple):
    """What one message takes of everything that is leased, by the gate stage that asks for it."""

    budget: tuple[Need, ...] = ()
    volume: tuple[Need, ...] = ()
    blast: tuple[Need, ...] = ()

    @property
    def all(self) -> tuple[Need, ...]:
        """All of it."""
        return self.budget + self.volume + self.blast

    def times(self, segments: int) -> "Needs":
        """What a message of so many segments takes: each of them costs, and together they are one message.

        >>> Needs((Need("budget", 50_000),), (Need("volume/day", 1),)).times(2).all
        (Need(resource='budget', units=100000), Need(resource='volume/day', units=1))
        """
        return self._replace(budget=tuple(Need(resource, units * segments) for resource, units in self.budget))


def needs(limits: Limits, playbook: str, channel: Channel, cost: float) -> Needs:
    """What a message of a playbook takes on a channel, at a cost; of money nothing where it costs nothing."""
    caps = (volume(span, which) for which in (None, channel) for span in Span)
    return Needs(
        _of(limits, (budget(), budget(playbook)), micros(cost)), _of(limits, caps, 1), _of(limits, (BLAST,), 1)
    )


def _of(limits: Limits, resources: Iterable[str], units: int) -> tuple[Need, ...]:
    return tuple(Need(resource, units) for resource in resources if units and resource in limits)
