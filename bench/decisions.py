"""The whole dispatcher, one worker, real Redis: candidates in to committed decisions with full trace, and messages.

Everybody has a profile and may be messaged: every candidate must leave one decision, ``sent``, and one message.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from redis import Redis

from agents.clock import CLOCK, ScaledClock
from bench.cluster import Cluster, Sent
from bench.contestants import Turn
from bench.core_dispatch import T0, profile, warning
from bench.installation import Installation
from bench.race import Differs, run
from bench.source import PARTITIONS
from schemas import topics
from schemas.base import Message
from streams.partitioner import Placement

POLICY: Final = Path(__file__).with_suffix(".toml")
PLACED: Final = Placement(PARTITIONS)


def records(messages: Iterable[Message]) -> list[Sent]:
    """The messages where a producer would put them."""
    at = int(T0.timestamp() * 1000)
    return [Sent(PLACED.of(key), key, each.encode(), at) for each in messages for key in [each.key.encode()]]


def decisions(cluster: Cluster, redis_url: str, candidates: int) -> dict[str, Any]:
    """One turn over warnings that are already there; raises :class:`Differs` unless each is answered by a message."""
    name = "bench-decisions"
    users = [f"user-{number}" for number in range(candidates)]
    with (
        tempfile.TemporaryDirectory(prefix=name) as folder,
        Installation(cluster, redis_url, name, Path(folder)) as here,
    ):
        Redis.from_url(redis_url).flushall()  # the registry knows whom the last turn contacted
        cluster.fill(here.topic(topics.PROFILES), records(map(profile, users)))
        cluster.fill(here.topic(topics.WARNINGS), records(map(warning, users)))
        turn = Turn(cluster.bootstrap, name, candidates, PARTITIONS, folder, way="dispatcher")
        environment = here.environment(here.port(), policy_path=POLICY)
        report = run("pipeline", turn, environment | {CLOCK: str(ScaledClock(T0))})
        outcomes = Counter(_end(message.value()) for message in cluster.read(here.topic(topics.DECISIONS)))
        messaged = {message.key() for message in cluster.read(here.topic(topics.OUTBOUND))}
    if outcomes != {"sent": candidates} or len(messaged) != candidates:
        raise Differs(f"decisions: {dict(outcomes)}, {len(messaged)} users messaged; {candidates} candidates")
    return report | {"dispatcher_decisions_s": candidates / report["seconds"]}


def _end(value: bytes | None) -> str:
    """A decision's outcome, with its reason if it has one."""
    decision = json.loads(value or b"{}")
    return ".".join(filter(None, (decision["outcome"], decision.get("reason"))))
