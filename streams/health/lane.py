"""One product in one partition: its days, its watermark, its users' states and deadlines.

An event first moves the watermark: days begin and end, and every deadline that has thereby fallen due fires, in (time,
key) order, each at its own time; only then is the event itself absorbed. So the facts do not depend on how a log is cut
into batches.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from schemas.policy import Policy, Role
from schemas.policy.policy import DEFAULT_PRODUCT
from schemas.population import PopulationDay
from schemas.sign import Sign
from streams.health.alerts import Alerts
from streams.health.alerts import Said as SaidOfUser
from streams.health.days import DAY_SECONDS, Calendar
from streams.health.deadlines import Deadlines
from streams.health.experience import ROLES as EXPERIENCES
from streams.health.experience import felt
from streams.health.feed import Feed
from streams.health.index.index import Silence
from streams.health.index.outlook import outlooks_of
from streams.health.learning.population import Population
from streams.health.occasion import occasion
from streams.health.outcome import Outcome
from streams.health.pace import Pace, Pulse
from streams.health.portrait import Portrait, Portraits, Reading
from streams.health.rules.order import LAPSE
from streams.health.signs import CONSENT, sign_of
from streams.health.signs import ROLES as SIGNS
from streams.health.state import DIGEST_BYTES, SEEN, State, ending, hash_of
from streams.health.users import Users
from streams.health.watermark import Watermark
from streams.health.window import marked
from streams.intake import Event
from streams.role import Table, work_for

_SEEN_BYTES: Final = SEEN * DIGEST_BYTES


IDLE_SECONDS: Final = 10.0
"""Processing time without a record of the product after which a partition that has read all follows the others."""

Said = SaidOfUser | PopulationDay | Sign


class Lane:
    """The users of one listed product; the lane of ``default`` has those of all products that are not listed."""

    def __init__(self, policy: Policy, product: str, table: Table, pace: Pace, number: int, partitions: int) -> None:
        self.definition = policy.product(product)
        self.watermark = Watermark(policy.intake.watermark_delay_seconds, policy.intake.late_hours * 3_600, pace.newest)
        self.feed = Feed(pace.gaps, pace.squares)
        self.deadlines = Deadlines()
        self.population = Population(product, number, partitions, outlooks_of(self.definition))
        self.inhibited = 0
        """Looks put off because so many users are quiet at once; whoever tells them sets it back to 0."""
        self._product = product
        self._ending = ending(product)
        others = {ending(name) for name in policy.products if name != product}
        ours = self._ending.__eq__ if product != DEFAULT_PRODUCT else lambda each: each not in others
        self.users = Users(table, ours)
        self._loaded = self.users.touched
        self._calendar = Calendar(self.definition.zone)
        self._day_ends = 0
        self._came: datetime | None = None
        self._quiet = False
        self._alerts = Alerts(policy, self.definition, self.population)
        self._levels = self._alerts.rules.levels
        self._portraits = Portraits(self.population, self._alerts)
        self._activity = frozenset(self.definition.activity)
        self._telling = EXPERIENCES | {self.definition.key_behaviour}
        self._roles = self._activity | self._telling
        self._heard = self._roles | SIGNS
        self._low_score = policy.warnings.shock.low_score
        self._policy_hash = policy.hash

    def absorb(self, event: Event, role: Role | None, said: list[Said]) -> Outcome:
        """What became of an event; what it led to, by its time or by itself, is added in order."""
        self._quiet = False
        seconds = int(event.time.timestamp())
        newest = self.watermark.newest
        if self.watermark.moved(seconds):
            time = self.watermark.time
            if time >= self._day_ends or self.deadlines.any(time):
                said.extend(self._advance(seconds - newest))
            if newest:
                self.feed.came(seconds - newest)
        if role is None:
            return Outcome.UNKNOWN_TYPE
        late = self.watermark.too_late(seconds)
        if late and role not in CONSENT:
            return Outcome.TOO_LATE
        if role not in self._heard:
            return Outcome.APPLIED
        key = event.user_id.encode() + (self._ending if event.product == self._product else ending(event.product))
        state = self._loaded.get(key) or self.users.find(key) or State()
        digest = blake2b(f"{event.source}\0{event.id}".encode(), digest_size=DIGEST_BYTES).digest()
        if digest in state.seen:
            return Outcome.DUPLICATE
        before, outcome, sign = state.complaints, Outcome.APPLIED, None
        if role in self._roles and not late:
            outcome = self._happen(key, state, event, role, self._calendar.day(seconds), said)
        if role in SIGNS or state.gone or state.complaints != before:
            sign = sign_of(event, role, state, before, role in self._activity, self._policy_hash)
            said.extend([sign] if sign else [])
            outcome = Outcome.UNKNOWN_CHANNEL if role in CONSENT and not sign else outcome
        if outcome is not Outcome.LATE_DAY or role in self._telling or sign:  # else it would push out ids still needed
            self._loaded[key] = state
            state.seen = (state.seen + digest)[-_SEEN_BYTES:]
        return outcome

    def restore(self, waiting: Iterable[tuple[bytes, int]], learned: Mapping[str, bytes]) -> None:
        """Deadlines wait as their records say, and what was learned is known again."""
        self.deadlines.restore(waiting)
        self.population.restore(learned)
        if self.population.today >= 0:
            self._day_ends = self._calendar.start(self.population.today + 1)

    @property
    def pace(self) -> Pace:
        """What of this lane stands in the partition's memo."""
        return Pace(self.watermark.newest, self.feed.gaps, self.feed.squares)

    @property
    def pulse(self) -> Pulse:
        """How the product's time runs."""
        population = self.population
        speed = 0.0 if population.held else population.speed
        return Pulse(
            datetime.fromtimestamp(self.watermark.time, UTC), self.feed.still_after, speed, population.warming_up
        )

    def follow(self) -> Iterator[Said]:
        """A partition that idles takes the others' least watermark as its own."""
        others = [mark.watermark for mark in self.population.marks()]
        newest = self.watermark.newest
        if others and self.watermark.follow(min(others)):
            yield from self._advance(self.watermark.newest - newest if newest else 0)

    def idle(self, now: datetime, caught_up: bool) -> bool:
        """Whether all was read and no record of the product has come for a while."""
        if self._came is None or not (self._quiet and caught_up):
            self._came, self._quiet = now, True
        return (now - self._came).total_seconds() >= IDLE_SECONDS

    def settle(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The records of all users touched since the last call, then forgotten here, and of what was learned."""
        yield from self.users.settle(self.deadlines.due)
        yield from self.population.settle()

    def reading(self, key: bytes, at: datetime) -> Reading | None:
        """A user's health at a moment; None for one without an occasion."""
        state = self.users.begun(key)
        if state is None:
            return None
        return self._portraits.reading(key, state, self._calendar.day(int(at.timestamp())), at)

    def portrait(self, key: bytes, at: datetime) -> Portrait | None:
        """All that is known of a user at a moment; None for one without an occasion."""
        state = self.users.begun(key)
        if state is None:
            return None
        return self._portraits.portrait(key, state, self._calendar.day(int(at.timestamp())), at)

    def _happen(self, key: bytes, state: State, event: Event, role: Role, day: int, said: list[Said]) -> Outcome:
        """An event is in the state; a complaint, a score and the key behaviour count also where no visit would."""
        last = state.last if state.begun else -1
        active = role in self._activity
        if active and day < last and role not in self._telling:
            return Outcome.LATE_DAY
        spoke, renewed = len(said), False
        if role is self.definition.key_behaviour:
            renewed = state.key_day < 0 or bool(state.disarmed & LAPSE)
            state.key_days, state.key_day = marked(state.key_days, state.key_day, day)
            state.disarmed &= ~LAPSE
        struck = role in EXPERIENCES and felt(state, role, event, day, self.population, self._low_score)
        if active and day > last:
            self._return(key, state, event, day, said)
        elif state.begun:
            state.today += active and day == last
            if state.spoken:
                said.extend(self._alerts.settled(key, state, day, event.time))
        if struck and state.begun:
            said.extend(self._alerts.complained(key, state, day, event.time))
        if (len(said) > spoke or renewed or (struck and day <= last)) and state.begun:
            self._expect(key, state, self.population.silence_of(state), day)
        return Outcome.LATE_DAY if active and day < last else Outcome.APPLIED

    def _return(self, key: bytes, state: State, event: Event, day: int, said: list[Said]) -> None:
        """The first activity of a later day: the silence is over."""
        before = state.last
        self.population.returned(key, state, day)
        occasion(state, day, self.population, self._levels)
        self.population.keep(key, state)
        silence = self.population.silence_of(state)
        said.extend(self._alerts.returned(key, state, silence, before, event.time))
        self._expect(key, state, silence, day)

    def _expect(self, key: bytes, state: State, silence: Silence, day: int) -> None:
        """The user waits for the first look that is to come, on a day or later, at which time may change something."""
        day = max(day, self._alerts.earliest(state, silence))
        while (due := self._look(key, day)) <= self.watermark.time:
            day += 1
        self.deadlines.expect(key, due)

    def _await(self, key: bytes, day: int | None) -> None:
        """The user is looked at on a day, if on any."""
        if day is not None:
            self.deadlines.expect(key, self._look(key, day))

    def _look(self, key: bytes, day: int) -> int:
        """When a user is looked at on a day, seconds since 1970."""
        return self._calendar.start(day) + _spread(key)

    # Time.

    def _advance(self, gap: int) -> Iterator[Said]:
        """The watermark has moved by ``gap`` seconds: days end and begin, deadlines fire, each in its place."""
        until, still = self.watermark.time, self.feed.stood(gap)
        if self.population.today < 0:
            self._begin(self._calendar.day(until), False)
        while until >= self._day_ends:
            yield from self._fire(self._day_ends - 1)
            today, begins = self.population.today, self._day_ends
            yield self.population.close(today, self.users)
            empty = self.watermark.newest - gap < begins and self._calendar.start(today + 2) <= until
            self._begin(today + 1, still and empty)
        yield from self._fire(until)

    def _begin(self, day: int, still: bool) -> None:
        self.population.begin(day, still)
        self._day_ends = self._calendar.start(day + 1)

    def _fire(self, until: int) -> Iterator[Said]:
        """Everything that has fallen due is said; a deadline that was early is entered again."""
        while entry := self.deadlines.pop(until):
            due, key = entry
            state = self.users.begun(key)
            if state is None:
                continue
            with work_for(key):
                said = self._looked(key, state, due)
            yield from said

    def _looked(self, key: bytes, state: State, due: int) -> list[SaidOfUser]:
        """A look at a user whose deadline has come, and the next one is awaited."""
        day = self._calendar.day(due - _spread(key))
        silence = self.population.silence_of(state)
        if self.population.held:
            self.inhibited += 1
            self._await(key, day + 1)
            return []
        if day < (waits := self._alerts.earliest(state, silence)):
            self._await(key, waits)
            return []
        said = list(self._alerts.looked(key, state, silence, day, due))
        if said:
            self._loaded[key] = state
        self._await(key, self._alerts.next(state, silence, day))
        return said

    def put_off(self, key: bytes, days: int) -> None:
        """The next look at a user is so long after the product's present, and nothing is foretold of them until then.

        Nothing changes for a user who is not known (yet).
        """
        if (state := self.users.find(key)) is not None:
            self.deadlines.expect(key, self.watermark.time + days * DAY_SECONDS)
            self.population.put_off(key, state, days)
            self.users.changed(key, state)


def _spread(key: bytes) -> int:
    """The second of the day at which a key's user is looked at: spread, so that midnight brings no burst."""
    return hash_of(key) % DAY_SECONDS
