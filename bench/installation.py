"""The product installed on the bench's broker under a prefix of its own, and its real role processes."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from agents.batches.transaction import begin, finish
from agents.local.ports import free_row
from agents.policy_file import read_policy
from agents.settings.model import RoleName, Settings
from agents.topics import topic_specs
from bench.cluster import Cluster, Sent
from bench.source import PARTITIONS, START
from schemas import topics
from schemas.policy import Policy
from streams.health import open_health
from streams.role import Fact

ROOT: Final = Path(__file__).parent.parent
POLICY: Final = ROOT / "deploy/policies/shop.toml"
START_SECONDS: Final = 180.0
SHARE_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0

_numbers = count(1)
"""Topics that were dropped are not made anew under the same name: clients may remember them."""


class NotReady(Exception):
    """A worker was not ready in time, or ended, or workers did not share."""


class Worker(NamedTuple):
    """A role's process and its web port."""

    process: subprocess.Popen[bytes]
    port: int

    def ready(self) -> bool:
        """Whether every partition it was given is worked."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait(self) -> None:
        """Return once it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NotReady(f"a role's process: exit status {self.process.poll()}")
            time.sleep(0.02)


class Installation:
    """Topics, settings and workers under one prefix; gone after the ``with`` block."""

    def __init__(self, cluster: Cluster, redis_url: str, name: str, folder: Path) -> None:
        self.cluster, self._redis, self._name, self._folder = cluster, redis_url, f"{name}-{next(_numbers)}.", folder
        self.settings = Settings(topic_prefix=self._name, partitions=PARTITIONS)
        self._workers: list[Worker] = []

    def __enter__(self) -> "Installation":
        for spec in topic_specs(self.settings, simulated_time=True):
            self.cluster.create([spec.name], spec.partitions(PARTITIONS), spec.config)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            stop(worker.process)
        self.cluster.drop(self._name)

    def topic(self, name: str) -> str:
        """A topic's full name."""
        return self.settings.topic(name)

    @property
    def changelog(self) -> str:
        """The health role's changelog."""
        return self.settings.changelog(RoleName.HEALTH)

    def port(self) -> int:
        """The first of as many free web ports in a row as there are roles."""
        return free_row(len(RoleName))

    def environment(self, port: int, **settings: object) -> dict[str, str]:
        """What a worker's process is told."""
        given = {
            "bootstrap_servers": self.cluster.bootstrap,
            "redis_url": self._redis,
            "policy_path": POLICY,
            "topic_prefix": self._name,
            "partitions": PARTITIONS,
            "web_port": port,
            "data_dir": self._folder / f"worker-{port}",
            "log_level": "warning",
            **settings,
        }
        return {**os.environ, **{f"CHURN_{name.upper()}": str(value) for name, value in given.items()}}

    def start(self, role: RoleName = RoleName.HEALTH, **settings: object) -> Worker:
        """A role's process has been started; it is not ready yet."""
        port = self.port()
        with (self._folder / f"worker-{port}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "agents.process", role],
                env=self.environment(port, **settings),
                stdout=log,
                stderr=log,
            )
        self._workers.append(Worker(process, port + tuple(RoleName).index(role)))
        return self._workers[-1]

    def wait_for_both(self, role: RoleName) -> None:
        """Return once the role's group is stable and each of two members has half of the partitions."""
        admin, group = AdminClient({"bootstrap.servers": self.cluster.bootstrap}), self.settings.group(role)
        deadline = time.monotonic() + SHARE_SECONDS
        while time.monotonic() < deadline:
            found = admin.describe_consumer_groups([group])[group].result(10)
            shares = [len({tp.partition for tp in member.assignment.topic_partitions}) for member in found.members]
            if found.state == ConsumerGroupState.STABLE and shares == [PARTITIONS // 2] * 2:
                return
            time.sleep(0.1)
        raise NotReady(f"two workers do not share {group}: {found.state}, {shares}")


def stop(process: subprocess.Popen[Any]) -> None:
    """The process has ended, if need be against its will."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Given(NamedTuple):
    """An input record as a role takes it."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def policy() -> Policy:
    """The shipped policy that the workers run."""
    return read_policy(POLICY)


class Pure(NamedTuple):
    """What the role leaves without path, broker or process."""

    facts: list[Fact]
    users: dict[bytes, bytes | None]
    memo: bytes
    """A partition's."""


def pure(log: Iterable[Sent]) -> Pure:
    """What the health role makes of a log, each partition in one batch."""
    parts: list[list[Given]] = [[] for _ in range(PARTITIONS)]
    for sent in log:
        part = parts[sent.partition]
        part.append(Given(len(part), sent.timestamp, sent.key, sent.value))
    opened, now = open_health(policy()), datetime.fromtimestamp(START, UTC)
    found = Pure([], {}, b"")
    for number, records in enumerate(parts):
        partition = opened(number, {}, None)
        begun = begin(partition, {}, [(topics.EVENTS, records)], now, due=False)
        facts, settled = finish(partition, begun, None, now, due=False)
        found.facts.extend(facts)
        found.users.update(settled.writes)
        found = found._replace(memo=settled.memo)
    return found
