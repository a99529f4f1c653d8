"""What is known of one user at a moment, without changing it: for snapshots, lists and explanations (G1, G3).

The index is read with the snapshot its silence began with, as warnings are; ``p_next``, which orders users among each
other, with the one that serves now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from schemas.ids import episode_id, warning_id
from schemas.policy import LifeStage
from schemas.warning import Component, Level, Stage
from streams.health.alerts import Alerts
from streams.health.days import date_of
from streams.health.index.baseline import followed
from streams.health.index.index import POINT, Silence, upcoming
from streams.health.index.outlook import life_of
from streams.health.learning.population import Population
from streams.health.notice import warned
from streams.health.rules.level import LEVELS
from streams.health.state import State, user_and_product
from streams.health.window import looked, marks


class Reading(msgspec.Struct, frozen=True):
    """Health in figures: ``index`` and ``parts`` in thousandths of a point, the parts summing to 100000 - index."""

    user_id: str
    product: str
    ts: datetime
    index: int
    reach: float
    """The probability that the running silence reaches the horizon."""
    p_next: float
    """The probability of no activity in the next horizon."""
    parts: dict[Component, int]
    stage: Stage
    life: LifeStage
    """How much of the product the user has seen: it chose the horizon, and how much each flag counts."""


class LevelState(msgspec.Struct, frozen=True):
    """Where a level stands: whether it has warned in this silence, may warn, and not before which day."""

    level: Level
    threshold: int
    spoken: bool
    armed: bool
    cool_until: date | None


class RuleState(msgspec.Struct, frozen=True):
    """Where a rule stands: the levels it speaks for, whether it may warn of one today, and whether what it called for
    keeps the episode open.
    """

    rule: str
    levels: tuple[Level, ...]
    may_warn: bool
    stands: bool


class Given(msgspec.Struct, frozen=True):
    """The highest warning that was given in the running silence."""

    id: str
    level: Level
    on: date


class Portrait(msgspec.Struct, frozen=True):
    """A reading with what it rests on. Days are the product's calendar days; gaps run in its operational time."""

    reading: Reading
    first_occasion: date
    last_occasion: date
    silent_days: float
    own_gap_days: float | None
    """The user's own mean gap, recent ones counting more; None before the first repeat."""
    usual_gap_days: float
    """The same, shrunk to the population's: what the index is read with."""
    repeats: int
    active_days_7: int
    active_days_28: int
    events_28: int
    open_complaints: int
    key_days_28: int
    """Days with the key behaviour."""
    unhappy_days_28: int
    """Days with a complaint or a low score."""
    baseline: int
    """The index that is usual for the user, thousandths of a point."""
    levels: tuple[LevelState, ...]
    rules: tuple[RuleState, ...]
    """Those that the policy switches on."""
    warned: Given | None
    horizon_days: int
    snapshot: str
    warming_up: bool


@dataclass(frozen=True, slots=True)
class Portraits:
    """Draws the users of one product; each must have had an occasion."""

    population: Population
    alerts: Alerts

    def reading(self, key: bytes, state: State, day: int, at: datetime) -> Reading:
        """The reading at the beginning of a day; ``at`` is written on it."""
        return self._reading(key, state, self.population.silence_of(state), day, at)

    def portrait(self, key: bytes, state: State, day: int, at: datetime) -> Portrait:
        """All that is known at the beginning of a day."""
        silence = self.population.silence_of(state)
        week, month, events = looked(state.window, state.last, state.today, max(day, state.last))
        baseline = followed(state, silence, self.population, max(day, state.last))
        return Portrait(
            reading=self._reading(key, state, silence, day, at),
            first_occasion=date_of(state.first),
            last_occasion=date_of(state.last),
            silent_days=self._silent(state, day),
            own_gap_days=state.exposure / state.count if state.repeats else None,
            usual_gap_days=silence.usual_gap,
            repeats=state.repeats,
            active_days_7=week,
            active_days_28=month,
            events_28=events,
            open_complaints=len(state.complaints),
            key_days_28=marks(state.key_days, state.key_day, day),
            unhappy_days_28=marks(state.unhappy_days, state.unhappy_day, day),
            baseline=round(baseline * POINT),
            levels=tuple(self._levels(state, silence, baseline)),
            rules=tuple(self._rules(state, silence, max(day, state.last))),
            warned=self._warned(key, state),
            horizon_days=silence.outlook.horizon_days,
            snapshot=silence.snapshot.id,
            warming_up=self.population.warming_up,
        )

    def _silent(self, state: State, day: int) -> float:
        """A day of a moment before the last occasion (late events) is no silence."""
        return max(self.population.elapsed(state.last, day), 0.0)

    def _reading(self, key: bytes, state: State, silence: Silence, day: int, at: datetime) -> Reading:
        user_id, product = user_and_product(key)
        silent, horizon = self._silent(state, day), silence.outlook.horizon_days
        parts = silence.parts(silent)
        return Reading(
            user_id=user_id,
            product=product,
            ts=at,
            index=100 * POINT - sum(parts.values()),
            reach=silence.reach(silent),
            p_next=upcoming(state, self.population.serving, horizon, silent),
            parts=parts,
            stage=self.alerts.stages.at(state, max(day, state.last)),
            life=life_of(state.repeats),
        )

    def _rules(self, state: State, silence: Silence, day: int) -> Iterator[RuleState]:
        stands = self.alerts.standing(state, day)
        for rule in self.alerts.rules.on:
            may = any(each > state.spoken and rule.may(each, state, silence, day) for each in rule.numbers)
            levels = tuple(LEVELS[each] for each in rule.numbers)
            yield RuleState(rule.name, levels, may, bool(rule.bit & stands))

    def _levels(self, state: State, silence: Silence, baseline: float) -> Iterator[LevelState]:
        rule = self.alerts.rules.levels
        for number, level in LEVELS.items():
            cool = rule.cool(number, state)
            yield LevelState(
                level=level,
                threshold=rule.threshold(number, baseline),
                spoken=number <= state.spoken,
                armed=rule.armed(number, state, silence),
                cool_until=date_of(cool) if cool else None,
            )

    def _warned(self, key: bytes, state: State) -> Given | None:
        given = warned(state)
        if given is None:
            return None
        user_id, product = user_and_product(key)
        episode = episode_id(user_id, product, date_of(given.since))
        return Given(warning_id(episode, given.level), given.level, date_of(given.day))
