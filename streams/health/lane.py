"""One product in one partition: its days, its watermark, its users' states and deadlines.

An event first moves the watermark; every deadline that has thereby fallen due fires, in (time, key) order, each at its
own time; only then is the event itself absorbed. So the facts do not depend on how a log is cut into batches.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final
from zlib import crc32

from schemas.policy import Policy, Role
from schemas.warning import Warning
from streams.health.days import DAY_SECONDS, Calendar
from streams.health.deadlines import Deadlines
from streams.health.experience import ROLES as EXPERIENCES
from streams.health.experience import felt
from streams.health.index.index import Silence
from streams.health.index.population import Population
from streams.health.notice import Notices
from streams.health.occasion import occasion, warned
from streams.health.rules.level import Crossing, LevelRule, speak
from streams.health.state import DIGEST_BYTES, SEEN, State, ending, ending_of, pack, unpack
from streams.health.watermark import Watermark
from streams.intake import Event
from streams.role import Table


class Outcome(StrEnum):
    """What became of an accepted event; also metric label values."""

    APPLIED = "applied"
    UNKNOWN_TYPE = "unknown_type"
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"
    LATE_DAY = "late_day"


_SEEN_BYTES: Final = SEEN * DIGEST_BYTES


class Lane:
    """The users of one listed product; the lane of ``default`` has those of all products that are not listed."""

    def __init__(self, policy: Policy, product: str, table: Table, newest: int = 0) -> None:
        self.definition = policy.product(product)
        self.watermark = Watermark(policy.intake.watermark_delay_seconds, policy.intake.late_hours * 3_600, newest)
        self.deadlines = Deadlines()
        self._product = product
        self._ending = ending(product)
        self._table = table
        self._loaded: dict[bytes, State] = {}
        self._calendar = Calendar(self.definition.zone)
        self._population = Population()
        self._rule = LevelRule(policy.warnings)
        self._notices = Notices(self.definition, self._population, self._rule, policy.hash)
        self._activity = frozenset(self.definition.activity)
        self._roles = self._activity | EXPERIENCES

    def absorb(self, event: Event, role: Role | None, warnings: list[Warning]) -> Outcome:
        """What became of an event; the warnings it led to, by its time or by itself, are added in order."""
        seconds = int(event.time.timestamp())
        if self.watermark.moved(seconds) and self.deadlines.any(self.watermark.time):
            warnings.extend(self._fire())
        if role is None:
            return Outcome.UNKNOWN_TYPE
        if self.watermark.too_late(seconds):
            return Outcome.TOO_LATE
        if role not in self._roles:
            return Outcome.APPLIED
        key = event.user_id.encode() + (self._ending if event.product == self._product else ending(event.product))
        state = self._state(key) or State()
        digest = blake2b(f"{event.source}\0{event.id}".encode(), digest_size=DIGEST_BYTES).digest()
        if digest in state.seen:
            return Outcome.DUPLICATE
        outcome = self._happen(key, state, event, role, self._calendar.day(seconds), warnings)
        if outcome is not Outcome.LATE_DAY or role in EXPERIENCES:  # else it would push out ids that are still needed
            self._loaded[key] = state
            state.seen = (state.seen + digest)[-_SEEN_BYTES:]
        return outcome

    def settle(self) -> Iterator[tuple[bytes, bytes]]:
        """The records of all users touched since the last call, which are then forgotten here."""
        for key, state in self._loaded.items():
            yield key, pack(state, self.deadlines.due(key))
        self._loaded.clear()

    def _state(self, key: bytes) -> State | None:
        state = self._loaded.get(key)
        if state is None and (record := self._table.get(key)) is not None:
            state = unpack(key, record)
        return state

    def _happen(self, key: bytes, state: State, event: Event, role: Role, day: int, warnings: list[Warning]) -> Outcome:
        last = state.last if state.begun else -1
        if role in EXPERIENCES:
            felt(state, role, event, day, self._population)
            if day <= last:
                self._expect(key, state, self._notices.silence_of(state))
        if role in self._activity:
            if day < last:
                return Outcome.LATE_DAY
            if day == last:
                state.today += 1
            else:
                self._return(key, state, event, day, warnings)
        return Outcome.APPLIED

    def _return(self, key: bytes, state: State, event: Event, day: int, warnings: list[Warning]) -> None:
        """The first activity of a later day: the silence is over, a warned user has recovered."""
        ended = warned(state)
        occasion(state, day, self._population, self._rule, self.definition.horizon_days)
        silence = self._notices.silence_of(state)
        self._expect(key, state, silence)
        if ended:
            look = datetime.fromtimestamp(self._look(key, ended.day), UTC)
            at = max(event.time.astimezone(UTC), look)
            warnings.append(self._notices.recovered(key, state, silence, ended, at))

    def _expect(self, key: bytes, state: State, silence: Silence) -> None:
        """The user waits for a look that is not too late; cheap, for it is mostly moved before its time comes."""
        day = self._rule.earliest(state, silence, self._population)
        if day is not None:
            self.deadlines.expect(key, self._look(key, day))

    def _look(self, key: bytes, day: int) -> int:
        """When a user is looked at on a day, seconds since 1970."""
        return self._calendar.start(day) + _spread(key)

    def _fire(self) -> Iterator[Warning]:
        """Every warning that has fallen due; a deadline that was early is entered again."""
        until = self.watermark.time
        while entry := self.deadlines.pop(until):
            due, key = entry
            state = self._state(key)
            if state is None:
                continue
            silence = self._notices.silence_of(state)
            crossing = self._crossing(key, state, silence, due)
            if crossing:
                self._loaded[key] = state
                yield self._notices.crossed(key, state, silence, crossing, self._look(key, crossing.day))
                speak(state, crossing)
                self._expect(key, state, silence)

    def _crossing(self, key: bytes, state: State, silence: Silence, due: int) -> Crossing | None:
        """The crossing of the look at ``due``; without one the user waits for the next look that may have one."""
        day = self._calendar.day(due - _spread(key))
        waits = self._rule.earliest(state, silence, self._population)
        if waits is not None and waits <= day:
            crossing = self._rule.at(state, silence, self._population, day)
            if crossing:
                return crossing
            waits = self._rule.next(state, silence, self._population)
        if waits is not None:
            self.deadlines.expect(key, self._look(key, waits))
        return None


def _spread(key: bytes) -> int:
    """The second of the day at which a key's user is looked at: spread, so that midnight brings no burst."""
    return crc32(key[: -len(ending_of(key))]) % DAY_SECONDS
