"""An operator's words, typed, on real Kafka: two workers obey them, at once, over restarts and takeovers (E2, G6)."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from agents.__main__ import main
from agents.batches.batch import TopicPartition
from agents.batches.reader import reading
from agents.connection import kafka_options
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, Settings, load_settings
from schemas import topics
from schemas.base import Message
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.decision import Decision, Outcome, Reason
from schemas.outbound import Outbound
from streams.dispatch.partition import JUDGED
from tests.dispatching import profile, warning

pytestmark = pytest.mark.kafka
SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
WAIT_SECONDS = 60.0
AT_ONCE = timedelta(seconds=5)
"""A second on a machine with nothing else to do; a hold of three days would end long after it."""
PAUSED, GONE, SENT = (
    (Outcome.HELD, Reason.PLAYBOOK_PAUSED), (Outcome.DROPPED, Reason.SUPPRESSED), (Outcome.SENT, None),
)  # fmt: skip
M = TypeVar("M", bound=Message)


class Installation:
    """Two partitions, two workers with a dispatcher each, and the command line."""

    def __init__(self, settings: Settings, workers: Sequence[tuple[Worker, int]]) -> None:
        self.settings, self.workers = settings, workers
        names = [f"user-{n}" for n in range(100)]
        spread = [[name for name in names if settings.placement.of(name.encode()) == number] for number in (0, 1)]
        self.users = [each[0] for each in spread]
        self.strangers = [each[1] for each in spread]

    def control(self, *words: str) -> str:
        result = CliRunner().invoke(main, ["control", *words])
        assert result.exit_code == 0, result.output
        return result.output

    def send(self, *messages: Message) -> None:
        self.send_raw(*((each.TOPIC, each.key.encode(), each.encode()) for each in messages))

    def send_raw(self, *records: tuple[str, bytes, bytes | None]) -> None:
        async def sending() -> None:
            producer = AIOKafkaProducer(**kafka_options(self.settings), enable_idempotence=True)
            await producer.start()
            try:
                for topic, key, value in records:
                    number = 0 if topic in topics.ONE_PARTITION else self.settings.placement.of(key)
                    await producer.send(self.settings.topic(topic), value, key, number)
            finally:
                await producer.stop()

        asyncio.run(sending())

    def read(self, kind: type[M]) -> list[M]:
        async def look() -> list[M]:
            found = []
            async with reading(kafka_options(self.settings)) as reader:
                for number in (0,) if kind.TOPIC in topics.ONE_PARTITION else (0, 1):
                    tp = TopicPartition(self.settings.topic(kind.TOPIC), number)
                    async for records, _ in reader.read(tp, *await reader.range_of(tp)):
                        found += [kind.decode(record.value) for record in records if record.value is not None]
            return found

        return asyncio.run(look())

    def decisions(self, user: str) -> list[Decision]:
        return [each for each in self.read(Decision) if each.user_id == user]

    def ends(self, user: str) -> list[Any]:
        return [(each.outcome, each.reason) for each in self.decisions(user)]

    def metric(self, worker: int, name: str) -> list[float]:
        """The values of a metric's series at one worker, none while it does not answer."""
        port = self.workers[worker][1]
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except (URLError, OSError):
            return []
        return [float(line.split()[-1]) for line in lines if line.startswith(name)]

    def eventually(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            log = self.workers[0][0].log[-5_000:]
            assert time.monotonic() < deadline, f"waited in vain for {what}, not {[*map(self.ends, self.users)]}\n{log}"
            time.sleep(0.05)


@pytest.fixture
def here(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Installation]:
    given = {
        "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url, "TOPIC_PREFIX": topic_prefix,
        "PARTITIONS": "2", "POLICY_PATH": str(SHOP), "SESSION_TIMEOUT_SECONDS": "6",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    assert CliRunner().invoke(main, ["topics", "create", "--simulated-time"]).exit_code == 0
    ports = []
    for number in range(2):
        monkeypatch.setenv("CHURN_WEB_PORT", str(free_row(3)))
        monkeypatch.setenv("CHURN_DATA_DIR", str(tmp_path / f"data-{number}"))
        monkeypatch.setenv("CHURN_ROLES", "dispatcher" if number else "dispatcher,governor")
        settings = load_settings()
        ports.append((Worker(settings), settings.port(RoleName.DISPATCHER)))
    with ports[0][0], ports[1][0]:
        for worker, _port in ports:
            worker.launch()
        yield Installation(load_settings(), ports)


def test_two_workers_obey_at_once_and_whoever_takes_over_obeys_too(here: Installation) -> None:
    """Paused, both wait; suppressed, one is dropped; lifted, the other is messaged; a killed worker changes nothing.

    However much has waited for a worker, no transaction takes so much of it that an order would have to wait.
    """
    here.eventually(
        lambda: [sum(here.metric(n, "churn_partition_ready")) for n in (0, 1)] == [1, 1], "a partition for each worker"
    )
    here.control("pause", "*", "--why", "the landing page is down", "--who", "olga", "--for", "1d")
    ann, bob = here.users
    for user in here.users:
        here.send(profile(user))
    for stranger in here.strangers:  # counted by their own partition, which has heard the pause before
        here.control("suppress", stranger, "--why", "asked by mail", "--who", "pete")
    here.eventually(lambda: _standing(here, "suppress") == 2, "both partitions to hear of the pause")
    assert _standing(here, "pause") == 1
    here.send(*(warning(user, product="default") for user in here.users))
    here.eventually(lambda: here.ends(ann) == here.ends(bob) == [PAUSED], "both to wait")

    said = datetime.now(UTC)  # noqa: TID251 - the workers are real
    here.control("suppress", ann, "--why", "asked by phone", "--who", "olga")
    here.eventually(lambda: here.ends(ann) == [PAUSED, GONE], "the drop")
    assert here.decisions(ann)[-1].at - said < AT_ONCE
    said = datetime.now(UTC)  # noqa: TID251 - the workers are real
    here.control("lift", "pause", "*", "--why", "it is back", "--who", "pete")
    here.eventually(lambda: here.ends(bob) == [PAUSED, SENT], "the message")
    assert here.decisions(bob)[-1].at - said < AT_ONCE

    here.control("breaker", "sms", "forced_open", "--for", "2h", "--why", "an outage", "--who", "olga")
    here.eventually(lambda: _states(here)[Channel.SMS] == BreakerState.FORCED_OPEN, "the forced breaker")
    here.control("lift", "breaker", "sms", "--why", "it is over", "--who", "olga")
    here.eventually(lambda: _states(here)[Channel.SMS] == BreakerState.CLOSED, "the breaker by itself")

    here.send_raw((topics.CONTROL, f"suppress/{ann}".encode(), b"{"), (topics.CONTROL, b"\xff", None))
    here.workers[0][0].kill()
    here.eventually(lambda: sum(here.metric(1, "churn_partition_ready")) == 2, "the takeover")
    here.send(warning(ann, product="default", day=1))
    here.eventually(lambda: here.ends(ann)[-2:] == [GONE, GONE], "the second drop")
    assert [each.user_id for each in here.read(Outbound)] == [bob]

    never = CliRunner().invoke(main, ["control", "lift", "suppress", bob, "--why", "x"])
    assert (never.exit_code, f"nothing stands about suppress/{bob}" in never.output) == (1, True)
    listed = [json.loads(line) for line in here.control("list", "--json").splitlines()]
    assert len(listed) == 1 + len(here.strangers)
    [standing] = [each for each in listed if each["target"] not in here.strangers]
    unread = "its record cannot be read: it holds until it is lifted"
    assert standing | {"kind": "suppress", "target": ann, "until": None, "who": "unknown", "why": unread} == standing
    told = [json.loads(line) for line in here.control("history", "--json").splitlines()]
    assert [(each["said"], each["kind"], each["who"]) for each in told] == [
        ("ordered", "pause", "olga"), *[("ordered", "suppress", "pete")] * 2,
        ("ordered", "suppress", "olga"), ("lifted", "pause", "pete"),
        ("ordered", "breaker", "olga"), ("lifted", "breaker", "olga"), ("unreadable", "suppress", "unknown"),
    ]  # fmt: skip
    assert "it is back" in here.control("history")

    here.workers[1][0].kill()
    crowd = [f"user-{n}" for n in range(1_000, 1_000 + 3 * JUDGED)]
    here.send(*(warning(user, product="default") for user in crowd))
    here.workers[1][0].launch()
    here.eventually(lambda: {*crowd} <= {each.user_id for each in here.read(Decision)}, "the crowd")
    at_once = Counter((here.settings.placement.of(e.user_id.encode()), e.at) for e in here.read(Decision))
    assert max(at_once.values()) <= JUDGED


def _states(here: Installation) -> dict[Channel, BreakerState]:
    return {each.channel: each.state for each in here.read(Breaker)}


def _standing(here: Installation, kind: str) -> float:
    """How many orders of a kind stand, as the workers count them together."""
    series = [value for n in (0, 1) for value in here.metric(n, f'churn_control_in_force{{kind="{kind}"')]
    return sum(series)
