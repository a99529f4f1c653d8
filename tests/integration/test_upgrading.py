"""A rollout on real servers, by the page: what the next release wrote, an old process lets stand; nothing is lost."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from agents.__main__ import main
from agents.local import Kafka, Redis
from agents.local.ports import free_ports
from agents.settings import load_settings
from tests.faults.worker_process import FOLDER

pytestmark = [pytest.mark.kafka, pytest.mark.requirement("H8")]
SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
NEWER = "partition record was written by a newer program; upgrade this worker (version 2, this one reads up to 1)"
USERS = [f"user-{number}" for number in range(20)]
START = datetime(2026, 1, 5, tzinfo=UTC)
WAIT_SECONDS = 60.0


class Release:
    """A process of the health role, of today's release or of the next."""

    def __init__(self, environment: dict[str, str], folder: Path, upgraded: bool) -> None:
        (self._port,) = free_ports(1)
        folder.mkdir()
        if upgraded:
            (folder / "health.next").touch()
        self.log = folder / "log"
        own = {"CHURN_WEB_PORT": str(self._port), "CHURN_DATA_DIR": str(folder / "data"), FOLDER: str(folder)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker_process", "health"],
                env=os.environ | environment | own, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def page(self, name: str) -> str:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/{name}", timeout=5) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            return error.read().decode()
        except (URLError, OSError):
            return ""

    def metric(self, line: str) -> float:
        return sum(float(each.split()[-1]) for each in self.page("metrics").splitlines() if each.startswith(line))

    def eventually(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.page('readyz')}"
            time.sleep(0.05)

    def leave(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(WAIT_SECONDS) == 0, self.log.read_text()[-3_000:]


@pytest.fixture
def start(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[bool], Release]]:
    """Starts processes of one installation with two partitions; none is left."""
    environment = {
        "CHURN_BOOTSTRAP_SERVERS": kafka.bootstrap, "CHURN_REDIS_URL": redis_server.url, "CHURN_PARTITIONS": "2",
        "CHURN_TOPIC_PREFIX": topic_prefix, "CHURN_APP_ID": f"{topic_prefix}app", "CHURN_POLICY_PATH": str(SHOP),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(main, ["topics", "create", "--simulated-time"]).exit_code == 0
    started: list[Release] = []

    def one(upgraded: bool) -> Release:
        started.append(Release(environment, tmp_path / str(len(started)), upgraded))
        return started[-1]

    yield one
    for release in started:
        release.process.kill()
        release.process.wait()


def visits(hour: int) -> None:
    """Every user comes once."""

    async def send() -> None:
        settings = load_settings()
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        await producer.start()
        try:
            for user in USERS:
                at = START.replace(hour=hour)
                event = {"id": f"{user}-{hour}", "source": "shop", "type": "app.opened", "user_id": user}
                value = json.dumps(event | {"time": at.isoformat()}).encode()
                place = settings.placement.of(user.encode())
                topic = settings.topic(settings.event_topics[0])
                await producer.send(topic, value, user.encode(), place, int(at.timestamp() * 1000))
        finally:
            await producer.stop()

    asyncio.run(send())


def test_a_partition_of_a_newer_program_waits_and_goes_on_as_if_nothing_had_been(
    start: Callable[[bool], Release],
) -> None:
    """The next release reads what today's wrote; today's reads nothing of the next one's, and says so."""

    old = start(False)
    old.eventually(lambda: old.page("readyz") == "ready\n", "the present release")
    visits(9)
    old.eventually(lambda: old.metric("churn_events_total") == len(USERS), "the first visits")
    old.leave()

    new = start(True)
    visits(10)
    new.eventually(lambda: new.metric("churn_events_total") == len(USERS), "the second visits")
    assert new.page("readyz") == "ready\n"
    new.leave()

    back = start(False)
    words = {f"partition {number} is broken: {NEWER}" for number in range(2)}
    back.eventually(lambda: set(back.page("readyz").splitlines()) == words, "the standstill")
    visits(11)
    assert (back.page("healthz"), back.metric("churn_events_total")) == ("ok\n", 0)
    assert back.metric("churn_partition_ready") == 0
    assert f"stands still: {NEWER}" in back.log.read_text()
    shown = CliRunner().invoke(main, ["offsets", "show", "--role", "health"])
    assert (shown.exit_code, NEWER in shown.output) == (1, True), shown.output
    back.leave()

    on = start(True)
    on.eventually(lambda: on.metric("churn_events_total") == len(USERS), "what waited")
    visits(9)
    on.eventually(
        lambda: on.metric('churn_events_total{outcome="duplicate"}') == len(USERS),
        "the first visits, known since the first release",
    )
