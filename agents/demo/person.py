"""One user of the town: a rhythm of visits, a way of leaving, a return; the same for one seed on every run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import NamedTuple

from pydantic import JsonValue

from schemas.policy import Role


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often somebody comes; ``patience_days`` is about the silence after which the index at its start warns."""

    share: int
    weekdays: tuple[int, ...]
    chance: float
    patience_days: int


RHYTHMS = {
    "daily": Rhythm(share=60, weekdays=tuple(range(7)), chance=0.85, patience_days=9),
    "weekly": Rhythm(share=35, weekdays=(0, 2, 4), chance=0.97, patience_days=9),
    "monthly": Rhythm(share=5, weekdays=(0,), chance=0.25, patience_days=0),
}
"""Share of the town in percent; weekdays, counted from a day of his own, on which somebody comes with some chance."""

LEAVES = 1 / 40
"""Chance a day that somebody who comes begins to leave."""
FADES = 0.75
"""What a day leaves of the chance to see somebody who fades."""
GONE_DAYS = (15, 70)
"""Silence before a return, days, least and most."""
BUSY_HOURS = (1, 1, 0, 0, 0, 1, 2, 5, 7, 6, 6, 7, 9, 7, 5, 5, 5, 6, 8, 10, 12, 11, 7, 3)
"""How many people are drawn to each hour of the day."""
DETOURS = {
    Role.PURCHASE: 0.12, Role.SCORE: 0.02, Role.COUPON_REDEEMED: 0.02, Role.HELP_OPENED: 0.02, Role.ERROR_MET: 0.02,
    Role.COMPETITOR_VIEWED: 0.01, Role.QUESTION_ASKED: 0.01, Role.REFERRAL: 0.005,
}  # fmt: skip
"""What else may happen in a visit, and the chance of it."""


class Leaving(StrEnum):
    """How somebody leaves: from one day to the next, little by little, or in anger."""

    STOPS = "stops"
    FADES = "fades"
    COMPLAINS = "complains"


class Deed(NamedTuple):
    """Something a user does at a second of a day."""

    second: float
    role: Role
    properties: dict[str, JsonValue]


class Person:
    """Lives day after day; days are asked for in order, each once. Nobody leaves before the day ``settled``, less
    the patience of his rhythm: nobody is overdue when the demo's clock starts.
    """

    def __init__(self, seed: int, number: int, activity: Sequence[Role], settled: int) -> None:
        self._random = random = Random(f"person {seed} {number}")
        self._rhythm = rhythm = random.choices([*RHYTHMS.values()], [each.share for each in RHYTHMS.values()])[0]
        self._first = random.randrange(7)
        self._hour = random.choices(range(24), BUSY_HOURS)[0] + random.random()
        self._activity = activity
        self._looks = [role for role in activity if role is not Role.PURCHASE] or activity
        self._stays_until = settled - rhythm.patience_days
        self._fade = 1.0
        self._back = 0
        self._complaints = 0

    def day(self, day: int) -> list[Deed]:
        """What he does on a day, in order; 0 is a Monday, the first day of the town."""
        random = self._random
        if day < self._back:
            return []
        leaving = self._leaving(day)
        angry = leaving is Leaving.COMPLAINS
        comes = (day + self._first) % 7 in self._rhythm.weekdays and random.random() < self._rhythm.chance * self._fade
        deeds = list(self._visit()) if comes or angry else []
        deeds += [self._complaint()] if angry else []
        if leaving in (Leaving.STOPS, Leaving.COMPLAINS) or self._fade < 0.05:
            self._fade, self._back = 1.0, day + random.randint(*GONE_DAYS)
        return sorted(deeds, key=lambda deed: deed.second)

    def _leaving(self, day: int) -> Leaving | None:
        if self._fade < 1:
            self._fade *= FADES
            return Leaving.FADES
        if day < self._stays_until or self._random.random() >= LEAVES:
            return None
        leaving: Leaving = self._random.choices([*Leaving], (50, 30, 20))[0]
        if leaving is Leaving.FADES:
            self._fade = FADES
        return leaving

    def _visit(self) -> Iterator[Deed]:
        """Opens the app, looks at this and that, now and then buys; done before midnight."""
        random = self._random
        at = min(max(random.gauss(self._hour, 1.5), 0.0), 22.5) * 3_600
        yield Deed(at, self._activity[0], {})
        roles = random.choices(self._looks, k=random.randint(0, 3))
        roles += (role for role, chance in DETOURS.items() if random.random() < chance)
        for role in roles:
            at += random.uniform(5, 400)
            yield Deed(at, role, self._properties(role))

    def _properties(self, role: Role) -> dict[str, JsonValue]:
        if role is Role.PURCHASE:
            return {"amount": round(self._random.lognormvariate(4, 0.8), 2)}
        return {"score": self._random.choice((1, 3, 4, 5, 5))} if role is Role.SCORE else {}

    def _complaint(self) -> Deed:
        self._complaints += 1
        return Deed(23 * 3_600.0, Role.COMPLAINT_OPENED, {"complaint": f"complaint-{self._complaints}"})
