"""A product's time in one partition, as its events, the marks it followed and the lessons it could know make it."""

from collections import Counter

from tests.faults.oracle_learning import Lesson, Told
from tests.faults.rules import DELAY_SECONDS, Product
from tests.laws.reference import Lane
from tests.laws.reference_learning import Taught, World
from tests.laws.reference_life import Life

RECENT_DAYS = 28


class Clock(World):
    """Time and lessons alone: what a return teaches is compared with what the partitions told."""

    def returned(self, life: Life, day: int, lane: Lane) -> None:
        """Counted by :meth:`Time.visited`."""


class Time(Lane):
    """The days that have begun, each with the lesson that serves in it, and what each saw of users.

    Nothing is looked at here: each life is by itself.
    """

    def __init__(self, rules: Product, number: int, told: Told, lessons: dict[int, Lesson]) -> None:
        super().__init__(rules.zone, rules.horizon)
        self.world = Clock(rules.horizon)
        self._number, self._told, self._lessons = number, told, lessons
        self.learned = -1
        self.held: set[int] = set()
        self.returned: Counter[int] = Counter()
        self.active: Counter[int] = Counter()
        self.known_by: dict[int, int] = {}
        """Users who had been active, by day that was over."""
        self._users = 0

    @property
    def taught(self) -> Taught:
        """What silences that begin now are read with."""
        return self.world.serving

    def moves(self, seconds: int, heard: int, by_event: bool) -> None:
        """The newest time is ``seconds``; the partition has heard of the others up to the offset ``heard``."""
        before, world = int(self.newest), self.world
        if seconds <= before:
            return
        self.newest, until = seconds, seconds - DELAY_SECONDS
        still = bool(before) and world.stood(seconds - before)
        if world.today < 0:
            self._begin(self.day(until), False, heard)
        while until >= (ends := self.start(world.today + 1)):
            self.known_by[world.today] = self._users
            empty = before < ends and self.start(world.today + 2) <= until
            self._begin(world.today + 1, still and empty, heard)
        if before and by_event:
            world.gap(seconds - before)

    def _begin(self, day: int, still: bool, heard: int) -> None:
        if self.world.today >= 0:  # who has just begun has learned nothing yet
            self.learned = self._told.learned(self._number, heard, self.learned, day)
        lesson = self._lessons.get(self.learned)
        self.world.next = [(self.learned, lesson.taught, lesson.speed)] if lesson else []
        self.world.begin(day, still)
        if self.world.held:
            self.held.add(day)

    def visited(self, day: int, last: int) -> None:
        """A user is active for the first time on a day; ``last`` is the day before of those, -1 for none."""
        if last < 0:
            self._users += 1
        else:  # time that stands still says nothing about silences, only about who is active
            counted = max(day, self.world.today)
            self.returned[counted] += self.world.theta(day + 1) > self.world.theta(day)
            self.active[counted] += day - last <= RECENT_DAYS
