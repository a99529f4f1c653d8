"""Sums and marks as messages to the other partitions, and back."""

from datetime import UTC, datetime

from schemas.population import PopulationDay, PopulationMark
from streams.health.days import date_of, day_of
from streams.health.learning.heard import Mark
from streams.health.learning.sums import DaySums, Rhythms


def day_message(product: str, partition: int, day: int, sums: DaySums) -> PopulationDay:
    """The message that tells a day's sums.

    >>> sums_of(day_message("shop", 0, 20_000, DaySums(active=3))) == DaySums(active=3)
    True
    """
    return PopulationDay(
        product=product,
        partition=partition,
        day=date_of(day),
        exposure=tuple(sums.exposure),
        returns=tuple(sums.returns),
        active=sums.active,
        expected=sums.expected,
        lapses=tuple(sums.lapses),
        predicted=tuple(sums.predicted),
        rhythms=tuple(getattr(sums.rhythms, name) for name in Rhythms.__struct_fields__),
        sampled=sums.sampled,
    )


def sums_of(message: PopulationDay) -> DaySums:
    """The sums that a message tells."""
    return DaySums(
        list(message.exposure),
        list(message.returns),
        message.active,
        message.expected,
        list(message.lapses),
        list(message.predicted),
        Rhythms(*message.rhythms),
        message.sampled,
    )


def mark_message(product: str, partition: int, mark: Mark) -> PopulationMark:
    """The message that tells how far a partition has come.

    >>> mark_of(mark_message("shop", 0, Mark(1_760_000_000, 20_000))) == Mark(1_760_000_000, 20_000)
    True
    """
    return PopulationMark(
        product=product,
        partition=partition,
        watermark=datetime.fromtimestamp(mark.watermark, UTC),
        first=date_of(mark.first),
        learned=date_of(mark.learned) if mark.learned >= 0 else None,
        idle=mark.idle,
    )


def mark_of(message: PopulationMark) -> Mark:
    """The mark that a message tells."""
    learned = day_of(message.learned) if message.learned else -1
    return Mark(int(message.watermark.timestamp()), day_of(message.first), learned, message.idle)
