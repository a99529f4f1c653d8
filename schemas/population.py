"""What partitions of the health role tell each other of a product's users as a whole (``churn.population``)."""

from datetime import UTC, date, datetime, time
from typing import ClassVar

from pydantic import AwareDatetime

from schemas import topics
from schemas.base import Message


def day_key(product: str, day: date, partition: int) -> str:
    """The key of a day's sums."""
    return f"{product}/{day}/{partition}"


class PopulationDay(Message):
    """What one partition saw of a product's users on one day, in whole numbers that may be added in any order.

    ``exposure`` (1e-9 nats) and ``returns`` by cell (three strata of 32 bins of surprise); ``expected`` in 1e-9 users;
    ``lapses`` and ``predicted`` (1e-6) of predictions that came due, without a flag and with each; ``rhythms``: users,
    and 1e-6 of the sums of n, E, n², nE, E². A tombstone says that every partition has learned it.
    """

    TOPIC: ClassVar[str] = topics.POPULATION
    TYPE: ClassVar[str] = "churn.population.day"

    product: str
    partition: int
    day: date
    exposure: tuple[int, ...]
    returns: tuple[int, ...]
    active: int
    expected: int
    lapses: tuple[int, ...]
    predicted: tuple[int, ...]
    rhythms: tuple[int, ...]
    sampled: int

    @property
    def key(self) -> str:
        return day_key(self.product, self.day, self.partition)

    @property
    def ce_id(self) -> str:
        return self.key

    @property
    def ce_time(self) -> datetime:
        return datetime.combine(self.day, time(), UTC)


class PopulationMark(Message):
    """How far a product's event time has come in one partition.

    ``first`` is the first day of the product there, ``learned`` the day of the newest lesson its owner has worked out;
    ``idle``: it has had no record for a while and follows the others.
    """

    TOPIC: ClassVar[str] = topics.POPULATION
    TYPE: ClassVar[str] = "churn.population.mark"

    product: str
    partition: int
    watermark: AwareDatetime
    first: date
    learned: date | None = None
    idle: bool = False

    @property
    def key(self) -> str:
        return f"{self.product}/mark/{self.partition}"

    @property
    def ce_id(self) -> str:
        return f"{self.key}/{self.watermark.isoformat()}/{self.learned}/{self.idle}"

    @property
    def ce_time(self) -> datetime:
        return self.watermark
