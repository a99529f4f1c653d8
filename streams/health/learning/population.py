"""One product's users as a whole, as one partition knows them: time, the snapshot that serves, and what is learned.

Time and the serving lesson change only where a day begins. What happens in a day is kept in whole numbers; when the day
is over they become its sums, which all partitions exchange, and from which every owner works out the same lesson.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from math import expm1
from typing import Final

from msgspec.structs import replace

from schemas import topics
from schemas.population import PopulationDay, PopulationMark, day_key
from streams.health.days import date_of, day_of
from streams.health.index.components import flags
from streams.health.index.curve import BINS, EDGES
from streams.health.index.index import Silence, upcoming
from streams.health.index.outlook import USUAL, Outlook, Outlooks
from streams.health.index.rhythm import surprise
from streams.health.index.snapshot import START, Snapshot, stratum
from streams.health.learning import book, prediction
from streams.health.learning.book import Course, Serving
from streams.health.learning.heard import Heard, Mark
from streams.health.learning.lesson import ALL_HASHES
from streams.health.learning.sample import RECENT_DAYS, Sample
from streams.health.learning.sums import NATS, DaySums
from streams.health.learning.told import day_message, mark_message, mark_of, sums_of
from streams.health.learning.users import Users
from streams.health.state import State, hash_of
from streams.role import Fact, fact_of, work_for

ADOPTION_DAYS: Final = 2
"""A lesson serves from so many days after its own, so that no partition waits for another."""

KEPT_WEEKS: Final = 60
MARK_EVERY: Final = timedelta(seconds=5)
"""Processing time between two marks that tell no more than how far event time has come: all partitions hear all."""

ONE: Final = 0
"""The only partition of what all partitions tell each other."""

HOLD_SPEED: Final = 0.5
"""Under this speed silence says nothing about a user: time stands still and no silence is warned of."""


class Population:
    """Reads as a product's time and snapshots; learns when told of returns and of days that begin and end."""

    def __init__(
        self, product: str = "default", number: int = 0, partitions: int = 1, outlooks: Outlooks = USUAL
    ) -> None:
        self._product, self._number, self._partitions, self._outlooks = product, number, partitions, outlooks
        self._longest = max(outlook.horizon_days for outlook in outlooks)
        self._course = Course()
        self._weeks: dict[int, Snapshot] = {START.week: START}
        self._open: dict[int, DaySums] = defaultdict(DaySums)
        self._heard = Heard(partitions)
        self._sample: Sample | None = None
        self._told: datetime | None = None
        self._changed: dict[str, None] = {}
        """Kinds of records to be written, in order."""

    def restore(self, records: Mapping[str, bytes]) -> None:
        """It stands as it did when these records, by kind, were settled."""
        for kind, value in records.items():
            name = f"{kind} of product {self._product}"
            if kind == book.COURSE:
                self._course = book.COURSES.unpack(name, value)
            elif kind == book.OPEN:
                self._open.update(book.OPENS.unpack(name, value))
            elif kind == book.MARKS:
                self._heard.marks = book.MARKED.unpack(name, value)
            elif kind.startswith(book.WEEK):
                snapshot = book.WEEKS.unpack(name, value)
                self._weeks[snapshot.week] = snapshot
            else:
                day, number = book.day_and_number(kind)
                self._heard.days.setdefault(day, {})[number] = book.DAYS.unpack(name, value)

    # What silences are read with.

    @property
    def serving(self) -> Snapshot:
        """The snapshot that silences beginning now are read with."""
        return self._weeks[self._course.serving.week]

    @property
    def warming_up(self) -> bool:
        """Whether too little was learned yet for the index to be calibrated."""
        return self._course.serving.warming_up

    @property
    def speed(self) -> float:
        """How fast operational time runs now, 0 to 1, before it is held."""
        return self._course.serving.speed

    @property
    def held(self) -> bool:
        """Whether so many users are quiet at once that silence is inhibited."""
        return self._course.serving.speed < HOLD_SPEED

    @property
    def today(self) -> int:
        """The product's present day, -1 before its first event."""
        return self._course.clock.today

    def kept(self, week: int) -> Snapshot:
        """The snapshot of the week in which a silence began; the oldest that is kept if it is older."""
        found = self._weeks.get(week)
        return found if found is not None else self._weeks[min(week for week in self._weeks if week)]

    def outlook_of(self, state: State) -> Outlook:
        """What holds for a user in his life stage."""
        return self._outlooks[stratum(state.repeats)]

    def silence_of(self, state: State) -> Silence:
        """The running silence of a user, read with the snapshot it began with."""
        return Silence(state, self.kept(state.week), self.outlook_of(state))

    def elapsed(self, since: int, until: int) -> float:
        """Θ(until) - Θ(since): operational days between the beginnings of two calendar days."""
        return self._course.clock.elapsed(since, until)

    def day_after(self, since: int, days: float) -> int:
        """The first day at whose beginning so many operational days have passed, if time runs full from tomorrow on."""
        return self._course.clock.day_after(since, days)

    # What is learned.

    def begin(self, day: int, still: bool) -> None:
        """A day has begun: the newest lesson that is old enough is adopted, what can be learned of the days before is.

        ``still`` if the feed stood all day.
        """
        lesson, serving = self._course.lesson, self._course.serving
        if serving.day < lesson.day <= day - ADOPTION_DAYS:
            self._adopt()
        self._course.clock.begin(day, 0.0 if still or self.held else self.speed)
        self._course.still = still
        self._write(book.COURSE)
        if self._number not in self._heard.marks:
            self._mark(self._number, Mark(0, day))
        self._learn()

    def returned(self, key: bytes, state: State, day: int) -> None:
        """A silence ends on a day; ``state`` is the user's before that."""
        if not (state.begun and self._sampled(key)):
            return
        today, snapshot = self.today, self.serving
        sums = self._open[max(day, today)]
        silent, speed = self.elapsed(state.last, day), self.elapsed(day, day + 1)
        weight, rate = snapshot.shape + state.count, snapshot.rate + state.exposure
        begun, ended = surprise(weight, rate, silent), surprise(weight, rate, silent + speed)
        cell = stratum(state.repeats) * BINS + bisect_right(EDGES, (begun + ended) / 2) - 1
        recent = day - state.last <= RECENT_DAYS
        self._write(book.OPEN)
        sums.returns[cell] += ended > begun  # time that stands still says nothing about silences, only about the season
        sums.active += recent
        if day >= today:  # of a day that is over, the sweep has counted the user as silent
            sums.exposure[cell] += round((ended - begun) * NATS)
            risen = snapshot.curve(state.repeats).cumulative
            tomorrow = ended if speed == 1 else surprise(weight, rate, silent + 1)
            sums.expected += recent and round(-expm1(risen(begun) - risen(tomorrow)) * NATS)

    def keep(self, key: bytes, state: State) -> None:
        """The sample knows the user as the state has it, if the user is in it."""
        if self._sample is not None and self._sampled(key):
            self._sample.keep(key, state)

    def put_off(self, key: bytes, state: State, days: int) -> None:
        """For so many days nothing is foretold of the user, and what was foretold is forgotten."""
        prediction.pause(state, self.today, days)
        self.keep(key, state)

    def close(self, day: int, users: Users) -> PopulationDay:
        """A day is over: its sums, for all to learn from; raises :class:`UserFault` where one user's part fails."""
        sums = self._open.pop(day, None) or DaySums()
        self._write(book.OPEN)
        if self._sample is None:
            self._sample = Sample((key, state) for key, state in users.states(self._sampled) if state.begun)
        swept = self._sample.swept(day, self._course.clock, self.serving)
        sums += replace(swept, expected=0) if self._course.still else swept
        for key in self._sample.due(day, self._outlooks):
            state = users.state(key)
            with work_for(key):
                self._ask(state, day, sums)
            self._sample.keep(key, state)
            users.changed(key, state)
        self._hear(day, self._number, sums)
        if self._course.published < 0:
            self._course.published = day
        return day_message(self._product, self._number, day, sums)

    def hear(self, message: PopulationDay | PopulationMark) -> None:
        """Another partition's sums or mark is known; one's own was when it was made."""
        if message.partition == self._number:
            return
        if isinstance(message, PopulationMark):
            self._mark(message.partition, mark_of(message))
        else:
            self._hear(day_of(message.day), message.partition, sums_of(message))
        self._learn()

    def tell(self, watermark: int, idle: bool, now: datetime) -> Iterator[Fact]:
        """What the other partitions must hear: how far this one has come, and which sums nobody needs any more."""
        course = self._course
        if not course.clock.starts:
            return
        mark, before = Mark(watermark, course.clock.first, course.lesson.day, idle), self._heard.marks[self._number]
        told = self._told is not None and now - self._told < MARK_EVERY
        if mark != before and not (told and mark == replace(before, watermark=watermark)):
            self._mark(self._number, mark)
            self._told = now
            if self._partitions > 1:
                yield fact_of(mark_message(self._product, self._number, mark), ONE)
        learned = self._heard.learned_by_all()
        if 0 <= course.published <= learned:
            for day in range(course.published, learned + 1):
                key = day_key(self._product, date_of(day), self._number)
                yield Fact(topics.POPULATION, key.encode(), None, (), ONE)
            course.published = learned + 1
            self._write(book.COURSE)

    def marks(self) -> Iterator[Mark]:
        """How far the other partitions have come, of those that do not idle."""
        return self._heard.others(self._number)

    def settle(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The records that changed since the last call; None where one is gone."""
        for kind in self._changed:
            yield book.key_for(self._product, kind), self._record(kind)
        self._changed.clear()

    def _adopt(self) -> None:
        lesson = self._course.lesson
        snapshot, before = lesson.snapshot, self._course.serving
        self._course.serving = Serving(lesson.day, lesson.speed, lesson.threshold, lesson.warming_up, snapshot.week)
        if snapshot.week not in self._weeks:
            self._weeks[snapshot.week] = snapshot
            self._write(book.week_kind(snapshot.week))
            for week in sorted(week for week in self._weeks if week != START.week)[:-KEPT_WEEKS]:
                del self._weeks[week]
                self._write(book.week_kind(week))
        if self._sample is not None and lesson.threshold < before.threshold:
            self._sample = self._sample.retain(key for key in self._sample.keys if self._sampled(key))

    def _sampled(self, key: bytes) -> bool:
        threshold = self._course.serving.threshold
        return threshold >= ALL_HASHES or hash_of(key) < threshold

    def _ask(self, state: State, day: int, sums: DaySums) -> None:
        """A prediction that waited is settled; another one waits, unless the user is gone already."""
        prediction.settle(state, sums)
        horizon = self.outlook_of(state).horizon_days
        if state.repeats and day - state.last < horizon:
            chance = upcoming(state, self.serving, horizon, self.elapsed(state.last, day + 1))
            prediction.ask(state, day, horizon, chance, flags(state, self.kept(state.week)))

    def _hear(self, day: int, number: int, sums: DaySums) -> None:
        if day > self._course.lesson.day:
            self._heard.days.setdefault(day, {})[number] = sums
            self._write(book.sums_kind(day, number))

    def _mark(self, number: int, mark: Mark) -> None:
        self._heard.marks[number] = mark
        self._write(book.MARKS)

    def _learn(self) -> None:
        """Every lesson for which all is known has been worked out."""
        course = self._course
        while (day := self._heard.next_day(course.lesson.day)) is not None and day < self.today:
            parts = self._heard.complete(day)
            if parts is None:
                return
            course.lesson = course.lesson.taught(day, parts, self._longest)
            self._write(book.COURSE)
            for number in self._heard.days.pop(day, {}):
                self._write(book.sums_kind(day, number))

    def _write(self, kind: str) -> None:
        self._changed[kind] = None

    def _record(self, kind: str) -> bytes | None:
        """What stands under a kind now."""
        if kind == book.COURSE:
            return book.COURSES.pack(self._course)
        if kind == book.OPEN:
            return book.OPENS.pack(self._open)
        if kind == book.MARKS:
            return book.MARKED.pack(self._heard.marks)
        if kind.startswith(book.WEEK):
            snapshot = self._weeks.get(int(kind.removeprefix(book.WEEK)))
            return book.WEEKS.pack(snapshot) if snapshot is not None else None
        day, number = book.day_and_number(kind)
        sums = self._heard.days.get(day, {}).get(number)
        return book.DAYS.pack(sums) if sums is not None else None
