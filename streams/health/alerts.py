"""What is said of one user when time passes or something happens: warnings, their ends, and changes of stage.

An *episode* lasts from the last occasion before its first warning to the first moment at which the user has come back
on a later day and no alarm stands: the complaint is settled, the key behaviour was shown, use is well again; or the
cool-down after its last warning is over. In an episode each level warns once at most.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil

from schemas.policy import Policy, Product
from schemas.stage import StageChange
from schemas.warning import Warning
from streams.health.index.index import Silence
from streams.health.learning.population import Population
from streams.health.notice import CAUSES, Notices, warned
from streams.health.rules.collapse import CollapseRule, use
from streams.health.rules.order import COLLAPSE, SHOCK, Crossing, Rules, speak, standing
from streams.health.rules.shock import ShockRule
from streams.health.stage import NUMBERS, STAGES, Stages
from streams.health.state import State

Said = Warning | StageChange


class Alerts:
    """The users of one product definition under one policy; days are the product's, times are seconds since 1970."""

    def __init__(self, policy: Policy, definition: Product, population: Population) -> None:
        self.rules = Rules(policy.warnings)
        self.stages = Stages(population, policy.warnings.stages)
        self._population = population
        self._cooldown_days = policy.warnings.cooldown_days
        self._notices = Notices(definition, population, self.rules.levels, policy.hash)

    # Time.

    def earliest(self, state: State, silence: Silence) -> int:
        """A day before which time changes nothing, cheap to know."""
        stage, rule = self.stages.earliest(state), self.rules.earliest(state, silence, self._population)
        return stage if rule is None else min(stage, rule)

    def next(self, state: State, silence: Silence, day: int) -> int | None:
        """A day after ``day`` before which time changes nothing; None if it never will."""
        days = (self.rules.next(state, silence, self._population, day), self.stages.next(state, day))
        return min((each for each in days if each is not None), default=None)

    def looked(self, key: bytes, state: State, silence: Silence, day: int, at: int) -> Iterator[Said]:
        """What the look of a day, at the last occasion's or later, gives cause to say."""
        before, moment = state.stage, datetime.fromtimestamp(at, UTC)
        crossing = self.rules.at(state, silence, self._population, day)
        if crossing:
            yield self._crossed(key, state, silence, crossing, moment)
        yield from self._staged(key, state, state.since if state.spoken else state.last, before, day, moment)

    def standing(self, state: State, day: int) -> int:
        """The alarm rules (bits) that keep the running episode open on a day."""
        return standing(state, day, self._cooldown_days) if state.spoken else 0

    # Events.

    def complained(self, key: bytes, state: State, day: int, time: datetime) -> Iterator[Said]:
        """What a complaint that was opened, or a low score, gives cause to say."""
        before, day = state.stage, max(day, state.last)
        yield from self._struck(self.rules.shock, key, state, self._population.silence_of(state), day, time)
        yield from self._staged(key, state, state.since if state.spoken else state.last, before, day, time)

    def returned(self, key: bytes, state: State, silence: Silence, since: int, time: datetime) -> Iterator[Said]:
        """What a day with activity gives cause to say when it begins; ``since`` is the last occasion before it."""
        before, day, collapse = state.stage, state.last, self.rules.collapse
        since = state.since if state.spoken else since
        self.stages.returned(state, day)
        now = use(state, silence.snapshot) if collapse and state.repeats else 1.0
        if collapse and collapse.over(now):
            state.disarmed &= ~COLLAPSE
        if state.spoken or state.disarmed:
            yield from self._ended(key, state, silence, day, time)
        if collapse and collapse.holds(now):
            yield from self._struck(collapse, key, state, silence, day, time)
        yield from self._staged(key, state, since, before, day, time)

    def settled(self, key: bytes, state: State, day: int, time: datetime) -> Iterator[Said]:
        """What any other event in an episode gives cause to say: what only an alarm kept open may be over."""
        before, since, day = state.stage, state.since, max(day, state.last)
        yield from self._ended(key, state, self._population.silence_of(state), day, time)
        yield from self._staged(key, state, since, before, day, time)

    # Words.

    def _struck(
        self,
        rule: ShockRule | CollapseRule | None,
        key: bytes,
        state: State,
        silence: Silence,
        day: int,
        time: datetime,
    ) -> Iterator[Warning]:
        crossing = rule and self.rules.struck(rule, state, silence, self._population, day)
        if crossing:
            yield self._crossed(key, state, silence, crossing, time)

    def _crossed(self, key: bytes, state: State, silence: Silence, crossing: Crossing, time: datetime) -> Warning:
        speak(state, crossing)
        stage = self.stages.at(state, crossing.day)
        return self._notices.crossed(key, state, silence, crossing, stage, _said(state, time))

    def _ended(self, key: bytes, state: State, silence: Silence, day: int, time: datetime) -> Iterator[Warning]:
        """The episode is over if its user has come back and no alarm stands."""
        if not state.complaints:
            state.disarmed &= ~SHOCK
        ended = warned(state)
        if ended is None or state.last == ended.since or self.standing(state, day):
            return
        cause = self._cause(state)
        state.spoken = state.alarms = 0
        stage = self.stages.at(state, day)
        yield self._notices.recovered(key, state, silence, ended, cause, stage, day, _said(state, time))

    def _cause(self, state: State) -> str:
        """What ended an episode: the return, or the end of the alarm that outlasted it, or time."""
        if state.alarms & state.disarmed:
            return "cooled_down"
        return next((CAUSES[bit] for bit in CAUSES if state.alarms & bit), "returned")

    def _staged(
        self, key: bytes, state: State, since: int, before: int, day: int, time: datetime
    ) -> Iterator[StageChange]:
        to = self.stages.at(state, day)
        state.stage = NUMBERS[to]
        if state.stage != before:
            yield self._notices.changed(key, since, STAGES[before], to, _said(state, time))


def _said(state: State, time: datetime) -> datetime:
    """When something is said: not before what was said last; the state knows of it."""
    time = max(time.astimezone(UTC), datetime.fromtimestamp(state.said, UTC))
    state.said = ceil(time.timestamp())
    return time
