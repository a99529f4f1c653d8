"""What came of a replay, in counts; the same on every run, so no word of how long it took."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from agents.replay.downstream import Downstream
from schemas.policy import Policy


def summary(
    policy: Policy,
    tally: Mapping[str, int],
    lines: Mapping[str, int],
    span: tuple[datetime, datetime] | None,
    users: int,
    downstream: Downstream,
) -> dict[str, Any]:
    """The counts of the roles' tallies by kind; ``span`` is the time of the first and of the last event."""
    return {
        "policy": {"name": policy.name, "hash": policy.hash},
        "first": span and span[0].astimezone(UTC).isoformat(),
        "last": span and span[1].astimezone(UTC).isoformat(),
        "users": users,
        "events": _of("event", tally),
        "rejects": _of("reject", tally),
        "warnings": _of("warning", tally),
        "stages": _of("stage", tally),
        "decisions": _of("decision", tally),
        "suppressed": _of("decision.dropped", tally),
        "held_at_end": downstream.held,
        "outbound": _of("outbound", tally),
        "cost": round(downstream.cost, 6),
        "files": dict(lines),
        "notes": list(_notes(policy, tally, downstream.introduced)),
    }


def _of(kind: str, tally: Mapping[str, int]) -> dict[str, int]:
    """The counts of one kind, by what stands after its name."""
    start = kind + "."
    return {name.removeprefix(start): count for name, count in sorted(tally.items()) if name.startswith(start)}


def _notes(policy: Policy, tally: Mapping[str, int], introduced: bool) -> Iterator[str]:
    """What an operator should know before he believes the counts."""
    if not policy.playbooks:
        yield "nobody was messaged, for the policy has no playbooks"
    elif _of("decision", tally) and not introduced:
        yield "nobody was messaged, for no profile was known: give --profiles FILE, or --consent all to see decisions"
    if tally.get("event.unknown_type") and not tally.get("event.applied"):
        yield "no event of the log has a role in the policy: list its event names under [events]"
