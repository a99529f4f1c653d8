"""What is said of a silence: a warning with its parts and evidence, and the word that it is over (B7)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.ids import episode_id, warning_id
from schemas.policy import Product
from schemas.warning import Evidence, Level, Stage, Warning
from streams.health.days import date_of
from streams.health.index.baseline import started
from streams.health.index.index import POINT, Silence
from streams.health.learning.population import Population
from streams.health.occasion import Warned
from streams.health.rules.level import Crossing, LevelRule
from streams.health.stage import stage_after, stage_of
from streams.health.state import State, user_and_product
from streams.health.window import looked

RULE = "level"


@dataclass(frozen=True, slots=True)
class Notices:
    """Writes warnings for the users of one product definition, under one policy."""

    definition: Product
    population: Population
    rule: LevelRule
    policy_hash: str

    def silence_of(self, state: State) -> Silence:
        """The running silence of a user, read with the snapshot it began with."""
        return Silence(state, self.population.kept(state.week), self.definition.horizon_days)

    def crossed(self, key: bytes, state: State, silence: Silence, crossing: Crossing, at: int) -> Warning:
        """The warning of a level that was crossed at the look ``at`` (seconds since 1970) of the crossing's day."""
        return self._warning(
            key,
            state,
            silence,
            level=crossing.level,
            day=crossing.day,
            began=state.last,
            at=datetime.fromtimestamp(at, UTC),
            threshold=crossing.threshold,
            stage=stage_of(crossing.day - state.last, self.definition.horizon_days),
        )

    def recovered(self, key: bytes, state: State, silence: Silence, ended: Warned, at: datetime) -> Warning:
        """The end of a silence that had been warned of; ``state`` and ``silence`` are those that have just begun."""
        threshold = self.rule.threshold(LevelRule.levels.index(ended.level) + 1, started(state, silence))
        return self._warning(
            key,
            state,
            silence,
            level=Level.RECOVERED,
            day=state.last,
            began=ended.since,
            at=at,
            threshold=threshold,
            stage=stage_after(state.last - ended.since, self.definition.horizon_days),
            ended=ended,
        )

    def _warning(
        self,
        key: bytes,
        state: State,
        silence: Silence,
        *,
        level: Level,
        day: int,
        began: int,
        at: datetime,
        threshold: int,
        stage: Stage,
        ended: Warned | None = None,
    ) -> Warning:
        user_id, product = user_and_product(key)
        episode = episode_id(user_id, product, date_of(began))
        silent = self.population.elapsed(state.last, day)
        parts = silence.parts(silent)
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
            rules=(RULE,),
            evidence=self._evidence(state, silence, day),
            stage=stage,
            clears_when=f"one event with a role of: {', '.join(self.definition.activity)}",
            cause="returned" if ended else None,
            clears=warning_id(episode, ended.level) if ended else None,
            snapshot=silence.snapshot.id,
            warming_up=self.population.warming_up,
            policy_hash=self.policy_hash,
        )

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
            horizon_days=self.definition.horizon_days,
        )
