"""A contestant's turn: topics of its own, a process of its own, its time, and its results against the recount."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench import job
from bench.cluster import COMPACTED, Cluster
from bench.contestants import INPUT, Turn
from bench.installation import stop
from bench.source import PARTITIONS

TURN_SECONDS: Final = 1_200


class Differs(Exception):
    """A contestant's results are not those of the recount."""


class Failed(Exception):
    """A contestant's process ended or hung without a result."""


@dataclass(frozen=True)
class Expected:
    """What a turn must leave on its topics."""

    warnings: set[bytes]
    users: dict[bytes, dict[int, int]]


class Races:
    """Turns on one broker, each with a number of its own."""

    def __init__(self, cluster: Cluster, total: int) -> None:
        self._cluster, self._total = cluster, total
        self._number = 0

    @contextmanager
    def turn(self, contestant: str) -> Iterator[tuple[Turn, dict[str, Any]]]:
        """Run one turn; what it left on its topics can be read until the block ends.

        ``contestant`` is its module and, after an underscore, the way it does it.
        """
        module, _, way = contestant.partition("_")
        self._number += 1
        name = f"bench-{self._number}-{module}"
        with tempfile.TemporaryDirectory(prefix=name) as folder:
            bootstrap, changelog = self._cluster.bootstrap, changelog_of(module, name)
            here = Turn(bootstrap, name, self._total, PARTITIONS, folder, changelog, way)
            self._cluster.create([here.warnings], PARTITIONS)
            self._cluster.create([here.changelog], PARTITIONS, COMPACTED)
            try:
                yield here, run(module, here)
            finally:
                self._cluster.drop(name, here.changelog)

    def race(self, contestant: str, expected: Expected) -> dict[str, Any]:
        """One turn of the job, with its events a second; raises :class:`Differs` where its results are wrong."""
        with self.turn(contestant) as (here, report):
            self._compare(contestant, here, expected)
        return report | {"events_s": self._total / report["seconds"]}

    def _compare(self, contestant: str, here: Turn, expected: Expected) -> None:
        warnings = [message.value() for message in self._cluster.read(here.warnings)]
        if len(warnings) != len(expected.warnings) or set(warnings) != expected.warnings:
            missing, extra = expected.warnings - set(warnings), set(warnings) - expected.warnings
            raise Differs(
                f"{contestant}: {len(warnings)} warnings, {len(expected.warnings)} expected;"
                f" missing {sorted(missing)[:3]}, wrong {sorted(extra)[:3]}"
            )
        users = self._users(here)
        if users != expected.users:
            wrong = [user for user in expected.users if users.get(user) != expected.users[user]]
            raise Differs(f"{contestant}: {len(wrong)} of {len(expected.users)} users differ, such as {wrong[:3]}")

    def _users(self, here: Turn) -> dict[bytes, dict[int, int]]:
        """The counts on the changelog: the last record of a user holds."""
        latest: dict[bytes, bytes] = {}
        for message in self._cluster.read(here.changelog):
            user = _user(message.key())
            if user:
                latest[user] = message.value()
        return {user: job.days(packed) for user, packed in latest.items()}


def changelog_of(contestant: str, name: str) -> str:
    """The changelog as the contestant calls it."""
    names = {
        "bare": f"{name}-health-state-changelog",
        "faust": f"{name}-rings-changelog",
        "quix": f"changelog__{name}--{INPUT}--default",
    }
    return names.get(contestant, f"{name}-changelog")


def _user(key: bytes | None) -> bytes:
    """The user in a changelog key: ours is the user, Quix has ``user|key``; b"" for the partition's own record."""
    user = (key or b"").partition(b"|")[0]
    return user if user.startswith(b"user-") else b""


def run(contestant: str, here: Turn, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The report of one contestant's process; it is gone after the call."""
    command = [sys.executable, "-m", f"bench.contestants.{contestant}", json.dumps(here._asdict())]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment)
        try:
            report = _report(process)
        finally:
            stop(process)
        if report is None:
            said.seek(0)
            raise Failed(f"{contestant} ended with {process.returncode} and no result:\n{said.read()[-4_000:]}")
    return report


def _report(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """The first line of JSON it says; None when it ends without one."""
    for line in process.stdout or ():
        if line.startswith("{"):
            report: dict[str, Any] = json.loads(line)
            return report
    return None
