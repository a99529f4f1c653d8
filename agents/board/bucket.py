"""A provider's rate as a token bucket that remembers one instant, and therefore cannot mint.

A bucket counts from ``since``: at ``now`` it holds one token for every whole interval between them, at most its
capacity. Taking moves ``since`` forward, giving back moves it back. An older ``now`` sees fewer tokens and nothing
else, so clocks that differ or step back never add a token. All times are whole microseconds since the epoch, exact in
Lua's doubles too. (The generic cell rate algorithm, ITU-T I.371 annex A, with ``since`` for its arrival time.)
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import NamedTuple

from schemas.channel import Channel
from schemas.policy import Policy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(now: datetime) -> int:
    """Whole microseconds since the epoch.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (now - EPOCH) // MICROSECOND


class Rate(NamedTuple):
    """One token every ``interval`` microseconds, at most ``capacity`` at once."""

    interval: int
    capacity: int

    @classmethod
    def of(cls, per_second: float, partitions: int = 1) -> "Rate":
        """A provider's rate, or one partition's share of it: about a second's worth at once, and at least one.

        The interval is rounded up, so the rate is never exceeded.

        >>> Rate.of(20), Rate.of(20, partitions=16), Rate.of(0.5)
        (Rate(interval=50000, capacity=20), Rate(interval=800000, capacity=2), Rate(interval=2000000, capacity=1))
        """
        return cls(ceil(1_000_000 * partitions / per_second), ceil(per_second / partitions))


def rates(policy: Policy, partitions: int = 1) -> dict[Channel, Rate]:
    """The rate of every channel the policy has, or one partition's share of it."""
    return {channel: Rate.of(each.rate_per_second, partitions) for channel, each in policy.channels.items()}


class Buckets:
    """A full bucket per channel, in this process; a channel without a rate never has a token."""

    def __init__(self, rates: Mapping[Channel, Rate]) -> None:
        self._rates = rates
        self._since: dict[Channel, int] = {}

    def take(self, asked: Mapping[Channel, int], now: datetime) -> dict[Channel, int]:
        """As many tokens as asked for and there are, per channel."""
        at = microseconds(now)
        return {channel: self._take(channel, count, at) for channel, count in asked.items()}

    def _take(self, channel: Channel, asked: int, at: int) -> int:
        if channel not in self._rates:
            return 0
        interval, capacity = self._rates[channel]
        full = at - capacity * interval
        since = max(self._since.get(channel, full), full)
        granted = max(0, min(asked, (at - since) // interval))
        self._since[channel] = since + granted * interval if granted else self._since.get(channel, since)
        return granted

    def give(self, unused: Mapping[Channel, int]) -> None:
        """Tokens that were taken and not used are there again."""
        for channel, count in unused.items():
            if channel in self._since:
                self._since[channel] -= count * self._rates[channel].interval
