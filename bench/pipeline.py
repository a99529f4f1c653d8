"""The whole health pipeline, one worker: JSON in to committed state and warnings.

What is known of every user afterwards must be what the pure role knows. Warnings hang on the lessons that a partition
has adopted, and on which day it did hangs on when it heard of the others; each must be there once.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agents.batches.ledger import KEY
from bench.cluster import Cluster, Sent
from bench.contestants import Turn
from bench.installation import Installation, pure
from bench.race import Differs, run
from bench.source import PARTITIONS
from schemas import topics
from streams.health.learning.book import reserved
from streams.health.state import unpack

Users = dict[bytes, tuple[object, ...]]


def users_of(log: Sequence[Sent]) -> Users:
    """What the pure role knows of each user after a log, but for what others have taught."""
    return _known(pure(log).users.items())


def pipeline(cluster: Cluster, redis_url: str, log: Sequence[Sent], expected: Users) -> dict[str, Any]:
    """One turn of the health worker over a log that is already there; raises :class:`Differs` for other results."""
    name = "bench-pipeline"
    with (
        tempfile.TemporaryDirectory(prefix=name) as folder,
        Installation(cluster, redis_url, name, Path(folder)) as here,
    ):
        cluster.fill(here.topic(topics.EVENTS), log)
        turn = Turn(cluster.bootstrap, name, len(log), PARTITIONS, folder)
        report = run("pipeline", turn, here.environment(here.port()))
        warnings = [json.loads(message.value() or b"{}")["id"] for message in cluster.read(here.topic(topics.WARNINGS))]
        users = _known((each.key() or KEY, each.value()) for each in cluster.read(here.changelog) if each.key() != KEY)
    if users != expected:
        wrong = [user for user in expected.keys() | users.keys() if users.get(user) != expected.get(user)]
        raise Differs(f"pipeline: {len(wrong)} of {len(expected)} users differ, such as {wrong[:3]}")
    if not warnings or len(set(warnings)) != len(warnings):
        raise Differs(f"pipeline: {len(warnings)} warnings, {len(set(warnings))} different")
    return report | {"events_s": len(log) / report["seconds"], "warnings": len(warnings)}


def _known(records: Iterable[tuple[bytes, bytes | None]]) -> Users:
    """First and last day, repeats, that day's events and the newest ids of each user; the newest record holds."""
    newest = {key: record for key, record in records if not reserved(key)}
    states = ((key, unpack(key, record)) for key, record in newest.items() if record is not None)
    return {key: (state.first, state.last, state.repeats, state.today, state.seen) for key, state in states}
