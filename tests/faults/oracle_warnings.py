"""Every warning and recovery that the input calls for, by the slow reference of the index, against the topic."""

import json
from datetime import datetime, timedelta
from typing import Any

from schemas.ids import episode_id, warning_id
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.oracle_input import Input
from tests.faults.state import remembered, user_and_product, users
from tests.laws.reference import EPOCH, Said, sweep

WARNINGS = "churn.warnings"


def expected(truth: Input) -> dict[str, Said]:
    """What must be said, by warning id."""
    must = {}
    for (user, product), history in truth.histories.items():
        for said in sweep(history.life, truth.newest_for(user, product)):
            episode = episode_id(user, product, EPOCH + timedelta(days=said.last))
            must[warning_id(episode, said.level)] = said
    return must


def check_warnings(book: Book, truth: Input, findings: Findings) -> int:
    """Each expected warning stands once, with the index and moment it must have; returns how many are expected."""
    must = expected(truth)
    present = [json.loads(record.value or b"") for record in book.read(WARNINGS)]
    findings.compare("warning", must, (warning["id"] for warning in present))
    for warning in present:
        said = must.get(warning["id"])
        if said is not None and said.level != "recovered" and not _agrees(warning, said):
            findings.wrong.append(f"warning {warning['id']} of {warning['user_id']} says otherwise than {said}")
    return len(must)


def _agrees(warning: dict[str, Any], said: Said) -> bool:
    """To a thousandth of a point: the last digit hangs on the order in which floats are added."""
    told = (warning["index"], warning["threshold"])
    near = all(abs(one - other) <= 1 for one, other in zip(told, (said.index, said.threshold), strict=True))
    return near and datetime.fromisoformat(warning["at"]).timestamp() == said.at


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
