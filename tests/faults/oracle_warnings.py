"""Every warning, recovery and change of stage that the input calls for, by the slow reference, against the topics."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from schemas.ids import episode_id, stage_id, warning_id
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.oracle_input import Input
from tests.faults.state import remembered, user_and_product, users
from tests.laws.reference import EPOCH, RECOVERED
from tests.laws.reference_life import Said

WARNINGS, STAGES = "churn.warnings", "churn.stages"

Json = dict[str, Any]


class Words(NamedTuple):
    """What must be said, by id."""

    warnings: dict[str, Said]
    stages: dict[str, tuple[str, Said]]
    """Each with its episode."""


def expected(truth: Input) -> Words:
    """All that must be said by now."""
    words = Words({}, {})
    for (user, product), history in truth.histories.items():
        for said in history.lived.words:
            episode = episode_id(user, product, EPOCH + timedelta(days=said.since))
            _before, moved, to = said.level.partition(">")
            if moved:
                at = datetime.fromtimestamp(said.at, UTC)
                words.stages[stage_id(user, product, at, to)] = episode, said
            else:
                words.warnings[warning_id(episode, said.level)] = said
    return words


def check_words(book: Book, truth: Input, findings: Findings) -> tuple[int, int]:
    """Each expected warning and change of stage stands once, as it must read; returns how many are expected."""
    must = expected(truth)
    warnings, stages = ([json.loads(record.value or b"") for record in book.read(t)] for t in (WARNINGS, STAGES))
    findings.compare("warning", must.warnings, (warning["id"] for warning in warnings))
    findings.compare("stage", must.stages, (change["id"] for change in stages))
    for warning in warnings:
        said = must.warnings.get(warning["id"])
        if said is not None and not _agrees(warning, said):
            findings.wrong.append(f"warning {warning['id']} of {warning['user_id']} says otherwise than {said}")
    for change in stages:
        episode, said = must.stages.get(change["id"], ("", None))
        if said is not None and (change["episode"], f"{change['from']}>{change['to']}") != (episode, said.level):
            findings.wrong.append(f"stage {change['id']} of {change['user_id']} says otherwise than {said}")
    return len(must.warnings), len(must.stages)


def _agrees(warning: Json, said: Said) -> bool:
    """To a thousandth of a point: the last digit hangs on the order in which floats are added."""
    same = datetime.fromisoformat(warning["at"]).timestamp() == said.at
    if said.level == RECOVERED:
        return same and warning["cause"] == said.taught
    told = (warning["index"], warning["threshold"])
    near = all(abs(one - other) <= 1 for one, other in zip(told, (said.index, said.threshold), strict=True))
    return near and same and (warning["snapshot"], tuple(warning["rules"])) == (said.taught, said.rules)


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
