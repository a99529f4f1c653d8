"""All rules in one order, and what they call for together: one warning for each level of an episode."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from schemas.policy import Warnings
from schemas.warning import Level
from streams.health.index.baseline import followed
from streams.health.index.index import Silence
from streams.health.learning.population import Population
from streams.health.rules.collapse import COLLAPSE, CollapseRule
from streams.health.rules.decline import DeclineRule
from streams.health.rules.lapse import LAPSE, LapseRule
from streams.health.rules.level import CRITICAL, LEVELS, RISK, WATCH, LevelRule, number_of
from streams.health.rules.shock import SHOCK, ShockRule
from streams.health.rules.silence import SilenceRule
from streams.health.state import State

ORDER = ("level", "decline", "silence", "lapse", "shock", "collapse")
"""The order in which rules are looked at, and told."""


class Rule(Protocol):
    """What every rule is: a name, a bit if it is an alarm rule (what it calls for outlasts a silence), the levels
    it speaks for, and whether it may warn of one now; a level is given by its number.
    """

    @property
    def name(self) -> str: ...
    @property
    def bit(self) -> int: ...
    @property
    def numbers(self) -> tuple[int, ...]: ...
    def may(self, number: int, state: State, silence: Silence, day: int) -> bool: ...


class Looked(Rule, Protocol):
    """A rule that time alone makes hold: it says when it must be looked at."""

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None: ...
    def calls(self, state: State, silence: Silence, population: Population, day: int) -> tuple[int, ...]: ...
    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None: ...


class Crossing(NamedTuple):
    """What is warned of on a day: the level, its threshold in thousandths of a point, every rule that held, and the
    alarm rules (bits) among those that called for it.
    """

    day: int
    level: Level
    threshold: int
    rules: tuple[str, ...] = ("level",)
    alarms: int = 0


class Rules:
    """The rules that a policy switches on."""

    def __init__(self, warnings: Warnings) -> None:
        self.levels = LevelRule(warnings)
        self.shock = ShockRule(warnings) if warnings.shock.enabled else None
        self.collapse = CollapseRule(warnings) if warnings.collapse.enabled else None
        in_silence: tuple[Looked | None, ...] = (
            self.levels if warnings.level else None,
            DeclineRule(warnings, self.levels) if warnings.decline.enabled else None,
            SilenceRule(warnings) if warnings.silence.enabled else None,
        )
        self._always: list[Looked] = [LapseRule(warnings)] if warnings.lapse.enabled else []
        self._looked: list[Looked] = [*(rule for rule in in_silence if rule is not None), *self._always]

    @property
    def on(self) -> list[Rule]:
        """Every rule that is switched on, in the order in which they are told."""
        rules: tuple[Rule | None, ...] = (*self._looked, self.shock, self.collapse)
        return sorted((rule for rule in rules if rule is not None), key=lambda rule: ORDER.index(rule.name))

    def earliest(self, state: State, silence: Silence, population: Population) -> int | None:
        """A day before which no rule can call, cheap to know; None when none can as things stand."""
        days = [rule.earliest(state, silence, population) for rule in self._looked]
        return min([day for day in days if day is not None], default=None)

    def next(self, state: State, silence: Silence, population: Population, day: int) -> int | None:
        """A day after ``day`` before which no rule can call; None when none can as things stand."""
        if not state.repeats:
            return None
        days = [rule.next(state, silence, population, day) for rule in self._looked]
        return min((each for each in days if each is not None), default=None)

    def at(self, state: State, silence: Silence, population: Population, day: int) -> Crossing | None:
        """What the look of a day warns of: the highest level that a rule calls for and may; None for nothing."""
        calls = dict(self._called(state, silence, population, day))
        for number in (CRITICAL, RISK, WATCH):
            if number > state.spoken:
                callers = [rule for rule, numbers in calls.items() if number in numbers]
                callers = [rule for rule in callers if rule.may(number, state, silence, day)]
                if callers:
                    return self._crossing(number, state, silence, population, day, callers, list(calls))
        return None

    def struck(
        self, rule: ShockRule | CollapseRule, state: State, silence: Silence, population: Population, day: int
    ) -> Crossing | None:
        """What an event warns of by itself; time is not asked, but may agree. None where the rule may not speak."""
        if rule.number <= state.spoken or not rule.may(rule.number, state, silence, day):
            return None
        others = [] if population.held else [each for each, _ in self._called(state, silence, population, day)]
        return self._crossing(rule.number, state, silence, population, day, [rule], [*others, rule])

    def _called(
        self, state: State, silence: Silence, population: Population, day: int
    ) -> Iterator[tuple[Looked, tuple[int, ...]]]:
        """The rules that time makes hold on a day, with the levels they call for."""
        rules = self._looked if state.repeats and day > state.last else self._always
        for rule in rules:
            numbers = rule.calls(state, silence, population, day)
            if numbers:
                yield rule, numbers

    def _crossing(
        self,
        number: int,
        state: State,
        silence: Silence,
        population: Population,
        day: int,
        callers: Sequence[Rule],
        agreed: Sequence[Rule],
    ) -> Crossing:
        threshold = self.levels.threshold(number, followed(state, silence, population, day))
        names = {rule.name for rule in agreed}
        alarms = sum(rule.bit for rule in callers)
        return Crossing(day, LEVELS[number], threshold, tuple(name for name in ORDER if name in names), alarms)


def speak(state: State, crossing: Crossing) -> None:
    """The state knows that this warning was given, for its level and for the lower ones."""
    if not state.spoken:
        state.since = state.last
    state.spoken = number_of(crossing.level)
    state.watch_day = crossing.day
    if state.spoken >= RISK:
        state.risk_day = crossing.day
    if state.spoken == CRITICAL:
        state.critical_day = crossing.day
    state.alarms |= crossing.alarms
    state.disarmed |= crossing.alarms


def standing(state: State, day: int, cooldown_days: int) -> int:
    """The alarm rules (bits) that keep the running episode open: at most for the cool-down after its last warning."""
    return state.alarms & state.disarmed if day < state.watch_day + cooldown_days else 0


__all__ = ["COLLAPSE", "LAPSE", "ORDER", "SHOCK", "Crossing", "Rules", "speak", "standing"]
