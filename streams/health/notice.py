"""What is said of a silence: a warning with its parts and evidence, and the word that it is over (B7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from schemas.ids import episode_id, stage_id, warning_id
from schemas.policy import Product
from schemas.stage import StageChange
from schemas.warning import Evidence, Level, Stage, Warning
from streams.health.days import date_of
from streams.health.index.baseline import followed, started
from streams.health.index.index import POINT, Silence
from streams.health.index.rhythm import surprise
from streams.health.learning.population import Population
from streams.health.rules.collapse import use
from streams.health.rules.level import LEVELS, LevelRule, number_of
from streams.health.rules.order import COLLAPSE, LAPSE, SHOCK, Crossing
from streams.health.state import State, user_and_product
from streams.health.window import looked, marks

CAUSES = {LAPSE: "key_behaviour", SHOCK: "settled", COLLAPSE: "use_recovered"}
"""What ends an episode in which an alarm rule has called, beside the return: by the rule's bit."""


class Warned(NamedTuple):
    """An episode that was warned of: the highest level, the day of that warning, and the last occasion before it."""

    level: Level
    day: int
    since: int


def warned(state: State) -> Warned | None:
    """What was warned of in the running episode; None if nothing was."""
    if not state.spoken:
        return None
    days = (state.watch_day, state.risk_day, state.critical_day)
    return Warned(LEVELS[state.spoken], days[state.spoken - 1], state.since)


@dataclass(frozen=True, slots=True)
class Notices:
    """Writes warnings and changes of stage for the users of one product definition, under one policy."""

    definition: Product
    population: Population
    levels: LevelRule
    policy_hash: str

    def crossed(
        self, key: bytes, state: State, silence: Silence, crossing: Crossing, stage: Stage, at: datetime
    ) -> Warning:
        """The warning of a level; the state knows of it already."""
        return self._warning(
            key,
            state,
            silence,
            level=crossing.level,
            day=crossing.day,
            since=state.since,
            at=at,
            threshold=crossing.threshold,
            rules=crossing.rules,
            stage=stage,
            clears_when=self._clears_when(state.alarms),
        )

    def recovered(
        self,
        key: bytes,
        state: State,
        silence: Silence,
        ended: Warned,
        cause: str,
        stage: Stage,
        day: int,
        at: datetime,
    ) -> Warning:
        """The end of an episode that had been warned of, as the user stands on a day of the silence after it."""
        warning = self._warning(
            key,
            state,
            silence,
            level=Level.RECOVERED,
            day=day,
            since=ended.since,
            at=at,
            threshold=self.levels.threshold(number_of(ended.level), started(state, silence)),
            rules=(),
            stage=stage,
            clears_when="",
        )
        return warning.model_copy(update={"cause": cause, "clears": warning_id(warning.episode, ended.level)})

    def changed(self, key: bytes, since: int, before: Stage, to: Stage, at: datetime) -> StageChange:
        """The change of a stage in, or at the end of, the episode that began on the day ``since``."""
        user_id, product = user_and_product(key)
        return StageChange(
            id=stage_id(user_id, product, at, to),
            user_id=user_id,
            product=product,
            before=before,
            to=to,
            at=at,
            episode=episode_id(user_id, product, date_of(since)),
            policy_hash=self.policy_hash,
        )

    def _warning(
        self,
        key: bytes,
        state: State,
        silence: Silence,
        *,
        level: Level,
        day: int,
        since: int,
        at: datetime,
        threshold: int,
        rules: tuple[str, ...],
        stage: Stage,
        clears_when: str,
    ) -> Warning:
        user_id, product = user_and_product(key)
        episode = episode_id(user_id, product, date_of(since))
        parts = silence.parts(self.population.elapsed(state.last, day))
        return Warning(
            id=warning_id(episode, level),
            level=level,
            episode=episode,
            user_id=user_id,
            product=product,
            at=at,
            index=100 * POINT - sum(parts.values()),
            parts=parts,
            threshold=threshold,
            rules=rules,
            evidence=self._evidence(state, silence, day),
            stage=stage,
            clears_when=clears_when,
            snapshot=silence.snapshot.id,
            warming_up=self.population.warming_up,
            policy_hash=self.policy_hash,
        )

    def _clears_when(self, alarms: int) -> str:
        """What ends an episode: a return, and the end of each alarm."""
        needs = [f"one event with a role of: {', '.join(self.definition.activity)}"]
        if alarms & LAPSE:
            needs.append(f"one event with the role {self.definition.key_behaviour}")
        if alarms & SHOCK:
            needs.append("no open complaint")
        if alarms & COLLAPSE:
            needs.append("use well above its threshold")
        return "; ".join(needs)

    def _evidence(self, state: State, silence: Silence, day: int) -> Evidence:
        silent = self.population.elapsed(state.last, day)
        week, month, events = looked(state.window, state.last, state.today, day)
        return Evidence(
            last_occasion=date_of(state.last),
            silent_days=silent,
            usual_gap_days=silence.usual_gap,
            repeats=state.repeats,
            active_days_7=week,
            active_days_28=month,
            events_28=events,
            open_complaints=len(state.complaints),
            reach=silence.reach(silent),
            horizon_days=silence.outlook.horizon_days,
            key_days_28=marks(state.key_days, state.key_day, day),
            unhappy_days_28=marks(state.unhappy_days, state.unhappy_day, day),
            baseline=round(followed(state, silence, self.population, day) * POINT),
            surprise=surprise(silence.weight, silence.exposure, silent),
            use=use(state, silence.snapshot) if state.repeats else None,
        )
