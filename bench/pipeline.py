"""The whole health pipeline, one worker: JSON in to committed state and warnings, which must be the pure role's."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.cluster import Cluster, Sent
from bench.contestants import Turn
from bench.installation import Installation, pure
from bench.race import Differs, run
from bench.source import PARTITIONS
from schemas import topics


def warnings_of(log: Sequence[Sent]) -> set[str]:
    """The ids of the warnings that the pure role gives."""
    return {_id(fact.value) for fact in pure(log).facts if fact.topic == topics.WARNINGS}


def pipeline(cluster: Cluster, redis_url: str, log: Sequence[Sent], expected: set[str]) -> dict[str, Any]:
    """One turn of the health worker over a log that is already there; raises :class:`Differs` for other warnings."""
    name = "bench-pipeline"
    with (
        tempfile.TemporaryDirectory(prefix=name) as folder,
        Installation(cluster, redis_url, name, Path(folder)) as here,
    ):
        cluster.fill(here.topic(topics.EVENTS), log)
        turn = Turn(cluster.bootstrap, name, len(log), PARTITIONS, folder)
        report = run("pipeline", turn, here.environment(here.port()))
        found = [_id(message.value()) for message in cluster.read(here.topic(topics.WARNINGS))]
    if len(found) != len(expected) or set(found) != expected:
        raise Differs(f"pipeline: {len(found)} warnings ({len(set(found))} different), {len(expected)} expected")
    return report | {"events_s": len(log) / report["seconds"], "warnings": len(found)}


def _id(value: bytes | None) -> str:
    """A warning's id."""
    assert value is not None
    return str(json.loads(value)["id"])
