"""A user as the folder of a replay knows him: at the end of its log."""

import json
from pathlib import Path
from typing import TypeVar

from agents.explain.known import Known
from agents.replay.book import load
from agents.replay.folder import FILES, POLICY, STATE
from schemas.decision import Decision
from schemas.faults import Fault, Faults
from schemas.policy import Policy
from schemas.warning import Warning
from streams.health import HealthPartition

M = TypeVar("M", Warning, Decision)


def replayed(folder: Path, user_id: str) -> Known:
    """All that a replay left about a user; raises :class:`Faults` where the folder is not one of a whole replay."""
    if not (folder / STATE).is_file():
        fix = "give the --out folder of a churn-alerts replay that has ended"
        raise Faults((Fault(str(folder), STATE, None, "is missing", fix),))
    table, memo = load(folder / STATE)
    policy = Policy.model_validate_json((folder / POLICY).read_bytes())
    health = HealthPartition(policy, 0, table, memo)
    warnings, decisions = _about(Warning, folder, user_id), _about(Decision, folder, user_id)
    return Known(tuple(health.portraits(user_id)), warnings, decisions)


def _about(kind: type[M], folder: Path, user_id: str) -> tuple[M, ...]:
    """Messages about a user; a line that does not have his name as JSON writes it is not read."""
    name = json.dumps(user_id, ensure_ascii=False).encode()
    with (folder / FILES[kind.TOPIC]).open("rb") as lines:
        found = (kind.decode(line) for line in lines if name in line)
        return tuple(message for message in found if message.user_id == user_id)
