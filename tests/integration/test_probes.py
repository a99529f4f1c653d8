"""What a platform sees of a role's process: alive and not ready, ready, draining, gone; and who goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from agents.__main__ import main
from agents.local import Kafka, Redis
from agents.local.ports import free_ports

pytestmark = pytest.mark.kafka
SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
SESSION_SECONDS = 60
"""Long: whoever takes over sooner was told, and did not wait for a silence."""
TAKEOVER_SECONDS = 40.0


class Role:
    """A process of the health role, and its pages."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        (self._port,) = free_ports(1)
        folder.mkdir()
        self.log = folder / "log"
        own = {"CHURN_WEB_PORT": str(self._port), "CHURN_DATA_DIR": str(folder / "data")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agents.process", "health"],
                env=os.environ | environment | own, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def page(self, name: str) -> tuple[int, str]:
        """Status and text; 0 where nobody listens."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def ready(self) -> bool:
        return self.page("readyz")[0] == 200

    def failures(self) -> int:
        """How often a partition of it has let go."""
        return self.log.read_text().count("lets go and opens again")

    def owns(self) -> int:
        """How many partitions it works on."""
        lines = self.page("metrics")[1].splitlines()
        return sum(line.startswith("churn_partition_ready") and line.endswith(" 1.0") for line in lines)


@pytest.fixture
def start(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Role]]:
    """Starts processes of one installation with four partitions; none is left."""
    environment = {
        "CHURN_BOOTSTRAP_SERVERS": kafka.bootstrap, "CHURN_REDIS_URL": redis_server.url, "CHURN_PARTITIONS": "4",
        "CHURN_TOPIC_PREFIX": topic_prefix, "CHURN_APP_ID": f"{topic_prefix}app", "CHURN_POLICY_PATH": str(SHOP),
        "CHURN_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(main, ["topics", "create"]).exit_code == 0
    started: list[Role] = []

    def one() -> Role:
        started.append(Role(environment, tmp_path / str(len(started))))
        return started[-1]

    yield one
    for role in started:
        role.process.kill()
        role.process.wait()


def eventually(true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def test_a_process_is_alive_before_it_is_ready(start: Callable[[], Role]) -> None:
    """A platform that waits for readiness waits; one that looks for life does not restart it meanwhile."""
    role = start()
    seen: list[tuple[int, str]] = []

    def ready() -> bool:
        status, text = role.page("readyz")
        if status and (status, text) not in seen:
            assert role.page("healthz") == (200, "ok\n")
            seen.append((status, text))
        return status == 200

    eventually(ready, "readiness")
    *before, last = seen
    assert last == (200, "ready\n")
    assert before, "it said that it was not ready"
    assert {status for status, _text in before} == {503}
    words = ("no partitions assigned yet", "is opening", "waiting for the group")
    assert all(any(each in text for each in words) for _status, text in before), before


def test_an_order_to_stop_drains_and_another_goes_on_at_once(start: Callable[[], Role]) -> None:
    """Its pages close first (nobody listens: not ready), its end is orderly, and the group is told at once."""
    first, second = start(), start()
    eventually(lambda: first.ready() and second.ready() and first.owns() and second.owns() > 0, "both")
    assert first.owns() + second.owns() == 4
    first.process.send_signal(signal.SIGTERM)
    said = []
    while first.process.poll() is None:
        said.append(first.page("readyz")[0])
    assert first.process.returncode == 0, first.log.read_text()[-3_000:]
    left = next((number for number, status in enumerate(said) if status != 200), len(said))
    assert 200 not in said[left:], said
    eventually(lambda: second.ready() and second.owns() == 4, "the other to take over", TAKEOVER_SECONDS)


async def test_a_partition_that_fails_again_and_again_is_not_ready_also_between_its_tries(
    start: Callable[[], Role], kafka: Kafka, topic_prefix: str
) -> None:
    """Where its letters belong is gone: it opens well and fails at the next record. Ready again as soon as it works."""
    letters, role = f"{topic_prefix}app.events-dlt", start()
    eventually(role.ready, "readiness")
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await _admin(kafka, lambda admin: admin.delete_topics([letters]))
        await producer.send_and_wait(f"{topic_prefix}app.events", b"no event", b"user")
    eventually(lambda: role.failures() >= 3, "three failures")
    said: set[tuple[int, str]] = set()

    def failed_on() -> bool:
        said.add(role.page("readyz"))
        return role.failures() >= 6

    eventually(failed_on, "more failures")
    assert {status for status, _text in said} == {503}
    assert all(f"{letters}: the broker knows no such topic" in text for _status, text in said), said
    await _admin(kafka, lambda admin: admin.create_topics([NewTopic(letters, 4, 1)]))
    eventually(role.ready, "readiness again")


async def _admin(kafka: Kafka, ask: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await ask(admin)
    await admin.close()
