"""Every warning and recovery that the input calls for, by the slow reference of the index, against the topic."""

import json
from datetime import datetime, timedelta
from typing import Any

from schemas.ids import episode_id, warning_id
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.oracle_input import History, Input
from tests.faults.oracle_time import Time
from tests.faults.rules import DELAY_SECONDS
from tests.faults.state import remembered, user_and_product, users
from tests.laws.reference import EPOCH, RECOVERED, Lane, Life, Said

WARNINGS = "churn.warnings"
ANYBODY = "", ""


class Sweep(Lane):
    """One life, looked at day by day under a time that is known; what its present silence is read with is kept."""

    def __init__(self, time: Time, user: str) -> None:
        super().__init__(time.zone.key, time.horizon)
        self.world, self._held = time.world, time.held
        self.life = Life(user)
        self._kept: dict[Any, Any] = {}

    def rhythm(self, life: Life, tau: float) -> tuple[float, float]:
        if tau not in self._kept:
            self._kept[tau] = super().rhythm(life, tau)
        return self._kept[tau]

    def flags(self, life: Life) -> tuple[bool, bool, bool]:
        if "flags" not in self._kept:
            self._kept["flags"] = super().flags(life)
        return self._kept["flags"]

    def silent_until(self, newest: float) -> None:
        """Every look has been that lies before the newest event time."""
        if self.life.repeats < 1:
            return
        day = self.life.last + 1
        while self.look(self.life, day) <= newest - DELAY_SECONDS:
            if day not in self._held:
                self.judge(ANYBODY, self.life, day)
            day += 1

    def visits(self, day: int, history: History) -> None:
        """The first activity of a day, with all that is to come on it."""
        life, visit = self.life, history.visits[day]
        if life.occasions:
            if (
                life.rolled > day
            ):  # it was looked at beyond the day it comes back on: the marks of others had moved time
                life.baseline, life.mondays, life.rolled = life.begun_at, 0, life.last
            self.arm(life)
            self.roll(life, day)
            if life.spoken:
                at = max(visit.first, self.look(life, life.warned[life.spoken]))
                self.tell(ANYBODY, Said(RECOVERED, at, -1, (), -1, life.last))
        life.occasions[day], life.with_[day] = visit.events, visit.taught
        life.spoken, life.mondays, life.rolled, life.begun_at = "", 0, day, life.baseline
        self._kept.clear()


def said_of(history: History) -> list[Said]:
    """What must be said of one user in one product by now."""
    sweep = Sweep(history.time, history.user)
    sweep.life.complaints = history.complaints
    for day, visit in sorted(history.visits.items()):
        sweep.silent_until(visit.newest)
        sweep.visits(day, history)
    sweep.silent_until(history.time.newest)
    return sweep.said.get(ANYBODY, [])


def expected(truth: Input) -> dict[str, Said]:
    """What must be said, by warning id."""
    must, since = {}, EPOCH
    for (user, product), history in truth.histories.items():
        for said in said_of(history):
            since = EPOCH + timedelta(days=said.last)
            must[warning_id(episode_id(user, product, since), said.level)] = said
    return must


def check_warnings(book: Book, truth: Input, findings: Findings) -> int:
    """Each expected warning stands once, as it must read; returns how many are expected."""
    must = expected(truth)
    present = [json.loads(record.value or b"") for record in book.read(WARNINGS)]
    findings.compare("warning", must, (warning["id"] for warning in present))
    for warning in present:
        said = must.get(warning["id"])
        if said is not None and not _agrees(warning, said):
            findings.wrong.append(f"warning {warning['id']} of {warning['user_id']} says otherwise than {said}")
    return len(must)


def _agrees(warning: dict[str, Any], said: Said) -> bool:
    """To a thousandth of a point: the last digit hangs on the order in which floats are added."""
    same = datetime.fromisoformat(warning["at"]).timestamp() == said.at
    if said.level == RECOVERED:
        return same
    told = (warning["index"], warning["threshold"])
    near = all(abs(one - other) <= 1 for one, other in zip(told, (said.index, said.threshold), strict=True))
    return near and same and warning["snapshot"] == said.taught


def check_users(book: Book, truth: Input, changelog: str, partitions: int, findings: Findings) -> None:
    """The newest record of every user knows his first and last day, his repeats, and his last sixteen events."""
    stored = {user_and_product(key): remembered(value) for key, value in users(book, changelog, partitions)}
    for who, history in truth.histories.items():
        must, there = history.remembered(), stored.pop(who, None)
        if there is None:
            findings.lost.append(f"state of {who}")
        elif there != must:
            kind = findings.lost if there[:4] < must[:4] or there.seen != must.seen else findings.doubled
            kind.append(f"state of {who} is {there}, not {must}")
    findings.wrong += [f"state of {who} should not be" for who in stored]
