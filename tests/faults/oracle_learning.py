"""What the partitions told each other of a product's users, and what follows: the lessons, and who knew which when.

A lesson is folded from the sums as published, by the slow reference's own arithmetic.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from tests.faults.book import Stood
from tests.laws.reference import EPOCH
from tests.laws.reference_learning import Sums, Taught, World

POPULATION = "churn.population"
NATS, MOMENTS = 1e9, 1e6
NEVER = 2**62
COUNTS = ("exposure", "returns", "lapses", "predicted", "rhythms")

Json = dict[str, Any]


class Part(NamedTuple):
    """One partition's sums of a day, and where they stand."""

    offset: int
    sums: Json


class Lesson(NamedTuple):
    """What a day taught."""

    taught: Taught
    speed: float
    season: float
    usual: float


class Told:
    """One product in the topic of populations: every partition's first day, marks, and sums by day and partition."""

    def __init__(self, product: str, records: Iterable[Stood], partitions: int) -> None:
        self.product, self._partitions = product, partitions
        self.first: dict[int, tuple[int, int]] = {}
        """Offset of the first mark, and the first day in it."""
        self.marks: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """Offset and watermark of each."""
        self.days: dict[int, dict[int, Part]] = defaultdict(dict)
        for record in records:
            said = json.loads(record.value or b"null")
            if said is not None and said["product"] == product:
                self._take(record.offset, said)

    def _take(self, offset: int, said: Json) -> None:
        partition = said["partition"]
        if "watermark" in said:
            self.first.setdefault(partition, (offset, day_of(said["first"])))
            self.marks[partition].append((offset, moment_of(said["watermark"])))
        else:
            self.days[day_of(said["day"])].setdefault(partition, Part(offset, said))

    def learned(self, partition: int, heard: int, before: int, today: int) -> int:
        """The day of the newest lesson that a partition can know as ``today`` begins, -1 for none.

        It has read this topic up to the offset ``heard``, and has told its own sums of all days before ``today``;
        ``before`` is what it knew last.
        """
        first = {number: at for number, (offset, at) in self.first.items() if offset < heard or number == partition}
        if len(first) < self._partitions:
            return before
        day = before + 1 if before >= 0 else min(first.values())
        while day <= today - 2 and all(
            number == partition or self._offset(day, number) < heard for number, begun in first.items() if begun <= day
        ):
            before, day = day, day + 1
        return before

    def _offset(self, day: int, number: int) -> int:
        part = self.days.get(day, {}).get(number)
        return part.offset if part else NEVER

    def lessons(self, horizon: int) -> dict[int, Lesson]:
        """Every day's lesson, up to the last day whose sums are all there."""
        firsts = {number: day for number, (_, day) in self.first.items()}
        found: dict[int, Lesson] = {}
        if len(firsts) < self._partitions:
            return found
        world = World(horizon)
        world.first = day = min(firsts.values())
        while day in self.days and all(n in self.days[day] for n, begun in firsts.items() if begun <= day):
            sums, rhythms = _merged([part.sums for part in self.days[day].values()])
            world.teach(day, sums, rhythms)
            found[day] = Lesson(world.newest, world.next[-1][2], world.season, world.usual)
            day += 1
        return found


def _merged(parts: list[Json]) -> tuple[Sums, np.ndarray]:
    """All partitions' sums of a day as the reference has them, and the moments of their rhythms."""
    whole = {name: np.array([sum(cells) for cells in zip(*(p[name] for p in parts), strict=True)]) for name in COUNTS}
    sums = Sums(
        exposure=whole["exposure"].reshape(3, -1) / NATS,
        returns=whole["returns"].reshape(3, -1) * 1.0,
        active=sum(part["active"] for part in parts),
        expected=sum(part["expected"] for part in parts) / NATS,
        lapses=whole["lapses"] * 1.0,
        predicted=whole["predicted"] / MOMENTS,
    )
    rhythms = whole["rhythms"] / MOMENTS
    rhythms[0] = whole["rhythms"][0]
    return sums, rhythms


def day_of(text: str) -> int:
    """A date as a day."""
    return (date.fromisoformat(text) - EPOCH).days


def moment_of(text: str) -> int:
    """A moment in seconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp())
