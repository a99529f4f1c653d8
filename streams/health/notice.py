"""What is said of a silence: a warning with its parts and evidence, and the word that it is over (B7)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.ids import episode_id, warning_id
from schemas.policy import Product
from schemas.warning import Evidence, Level, Stage, Warning
from streams.health.days import date_of
from streams.health.index.baseline import started
from streams.health.index.index import Silence
from streams.health.index.population import Population
from streams.health.rules.level import Crossing, LevelRule
from streams.health.stage import stage_after, stage_of
from streams.health.state import State
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

    def crossed(self, user_id: str, product: str, state: State, crossing: Crossing, at: int) -> Warning:
        """The warning of a level that was crossed at the look ``at`` (seconds since 1970) of the crossing's day."""
        return self._warning(
            user_id,
            product,
            state,
            level=crossing.level,
            day=crossing.day,
            episode=episode_id(user_id, product, date_of(state.last)),
            at=datetime.fromtimestamp(at, UTC),
            threshold=crossing.threshold,
            stage=stage_of(crossing.day - state.last, self.definition.horizon_days),
        )

    def recovered(self, user_id: str, product: str, state: State, *, level: Level, since: int, at: datetime) -> Warning:
        """The end of a silence that had been warned of at ``level``; it had begun on the day ``since``."""
        episode = episode_id(user_id, product, date_of(since))
        number = LevelRule.levels.index(level) + 1
        baseline = started(state, self.silence_of(state))
        return self._warning(
            user_id,
            product,
            state,
            level=Level.RECOVERED,
            day=state.last,
            episode=episode,
            at=at,
            threshold=self.rule.threshold(number, baseline),
            stage=stage_after(state.last - since, self.definition.horizon_days),
            cause="returned",
            clears=warning_id(episode, level),
        )

    def _warning(
        self,
        user_id: str,
        product: str,
        state: State,
        *,
        level: Level,
        day: int,
        episode: str,
        at: datetime,
        threshold: int,
        stage: Stage,
        cause: str | None = None,
        clears: str | None = None,
    ) -> Warning:
        silence, silent = self.silence_of(state), self.population.elapsed(state.last, day)
        return Warning(
            id=warning_id(episode, level),
            level=level,
            episode=episode,
            user_id=user_id,
            product=product,
            at=at,
            index=silence.thousandths(silent),
            parts=silence.parts(silent),
            threshold=threshold,
            rules=(RULE,),
            evidence=self._evidence(state, silence, day),
            stage=stage,
            clears_when=f"one event with a role of: {', '.join(self.definition.activity)}",
            cause=cause,
            clears=clears,
            snapshot=silence.snapshot.id,
            warming_up=silence.snapshot.warming_up,
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
