"""What the partitions of a product have said: the sums of days no lesson has used yet, and how far each has come."""

from collections.abc import Iterator

import msgspec

from streams.health.learning.sums import DaySums


class Mark(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A partition's watermark (seconds since 1970), its first day, the day of its newest lesson (-1), and idleness."""

    watermark: int
    first: int
    learned: int = -1
    idle: bool = False


class Heard:
    """Marks by partition, sums by day and partition; the owner's own among them."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self.marks: dict[int, Mark] = {}
        self.days: dict[int, dict[int, DaySums]] = {}

    def next_day(self, learned: int) -> int | None:
        """The day after the last lesson, or the first day of any partition; None until every partition has begun."""
        if len(self.marks) < self._partitions:
            return None
        return learned + 1 if learned >= 0 else min(mark.first for mark in self.marks.values())

    def complete(self, day: int) -> list[DaySums] | None:
        """The sums of all partitions that had begun by a day, in their order; None while one is missing."""
        parts = self.days.get(day, {})
        begun = [number for number, mark in sorted(self.marks.items()) if mark.first <= day]
        return [parts[number] for number in begun] if all(number in parts for number in begun) else None

    def others(self, number: int) -> Iterator[Mark]:
        """The marks of all other partitions that do not idle."""
        return (mark for other, mark in self.marks.items() if other != number and not mark.idle)

    def learned_by_all(self) -> int:
        """The newest day that every partition has learned, -1 for none."""
        if len(self.marks) < self._partitions:
            return -1
        return min(mark.learned for mark in self.marks.values())
