"""Real records from several topics through a real worker; what is refused, stopped and sent again, by the commands."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.batches.batch import TopicPartition
from agents.batches.reader import reading
from agents.connection import kafka_options
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, Settings, load_settings
from agents.standing import ledger_of
from schemas.reject import RejectReason, dead_letter_headers
from schemas.warning import Level, Warning
from streams.dead_letter import LETTER_BYTES

pytestmark = pytest.mark.kafka
SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
START = datetime(2026, 1, 4, 16, tzinfo=UTC)
WAIT_SECONDS = 60.0
SEVERAL = ("app.events", "web.events")
LARGE = {"max_request_size": 16 << 20, "max_batch_size": 16 << 20}
"""Of a record before it is compressed."""


class Sent(NamedTuple):
    topic: str
    key: str
    value: bytes
    at: datetime
    headers: tuple[tuple[str, bytes], ...] = ()


class Installation:
    """Two input topics of two partitions, a worker with the health role alone, and the command line."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        self.settings, self._worker = settings, worker

    def churn(self, *words: str) -> Result:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == 0, result.output
        return result

    def user(self, partition: int, number: int) -> str:
        """The n-th name that belongs to a partition."""
        names = (f"user-{n}" for n in range(10_000))
        return [name for name, _ in zip(
            (name for name in names if self.settings.placement.of(name.encode()) == partition), range(number + 1),
            strict=False,
        )][-1]  # fmt: skip

    def send(self, records: Sequence[Sent], **options: Any) -> None:
        asyncio.run(self._send(records, options))

    async def _send(self, records: Sequence[Sent], options: dict[str, Any]) -> None:
        producer = AIOKafkaProducer(**kafka_options(self.settings), enable_idempotence=True, **options)
        await producer.start()
        try:
            for one in records:
                number = self.settings.placement.of(one.key.encode())
                await producer.send(
                    self.settings.topic(one.topic), one.value, one.key.encode(), number,
                    int(one.at.timestamp() * 1000), list(one.headers),
                )  # fmt: skip
        finally:
            await producer.stop()

    def absorbed(self, partitions: Sequence[int] = (0, 1)) -> bool:
        """Whether every record of the input topics that stands there now has been taken."""

        async def look() -> bool:
            async with reading(kafka_options(self.settings)) as reader:
                for number in partitions:
                    at = (await ledger_of(self.settings, reader, RoleName.HEALTH, number)).positions
                    for topic in SEVERAL:
                        end = await reader.end_of(TopicPartition(self.settings.topic(topic), number))
                        if at.get(topic) != end:
                            return False
            return True

        return asyncio.run(look())

    def read(self, topic: str) -> list[Any]:
        async def look() -> list[Any]:
            found = []
            async with reading(kafka_options(self.settings)) as reader:
                for number in (0, 1):
                    tp = TopicPartition(self.settings.topic(topic), number)
                    async for records, _ in reader.read(tp, *await reader.range_of(tp)):
                        found += records
            return found

        return asyncio.run(look())

    def said(self, words: str) -> int:
        """How many lines of the worker's log have these words."""
        return sum(words in line for line in self._worker.log.splitlines())

    def leaves_profiles(self) -> None:
        """A refused profile is not sent again: a newer one may stand on its topic by now."""
        headers = dead_letter_headers(
            (), reason=RejectReason.NOT_JSON, detail="", topic="user.profiles", partition=0, offset=1, timestamp=0
        )
        self.send([Sent("app.events-dlt", "u1", b"{", datetime.now(UTC), headers)])  # noqa: TID251
        result = self.churn("dlt", "requeue", "--reason", "not_json")
        assert result.output.splitlines()[-1] == "0 sent again, 1 left"
        assert "user.profiles, where the newest record holds" in result.output
        assert self.read("user.profiles") == []

    def page(self, name: str) -> str:
        where = f"http://127.0.0.1:{self.settings.port(RoleName.HEALTH)}/{name}"
        try:
            with urlopen(where, timeout=5) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            return str(error.read().decode())

    def outcome(self, name: str) -> float:
        [line] = [
            x for x in self.page("metrics").splitlines() if x.startswith(f'churn_events_total{{outcome="{name}"}}')
        ]
        return float(line.split()[-1])

    def eventually(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self._worker.log[-5_000:]}"
            time.sleep(0.1)


@pytest.fixture
def here(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Installation]:
    """A worker that stops where more than a fifth of 20 records or more are refused; lateness is no matter here."""
    policy = tmp_path / "policy.toml"
    shop = SHOP.read_text().replace("late_hours = 24 ", "late_hours = 720 ").replace("stop = false", "stop = true")
    policy.write_text(shop.replace("min_records = 100", "min_records = 20"))
    given = {
        "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url, "TOPIC_PREFIX": topic_prefix,
        "PARTITIONS": "2", "POLICY_PATH": str(policy), "WEB_PORT": str(free_row(3)), "ROLES": "health",
        "EVENT_TOPICS": ",".join(SEVERAL), "DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    assert CliRunner().invoke(main, ["topics", "create", "--simulated-time"]).exit_code == 0
    monkeypatch.setenv("CHURN_PARTITIONS", "7")  # a worker asks the brokers
    with Worker(load_settings()) as worker:
        worker.launch()
        monkeypatch.setenv("CHURN_PARTITIONS", "2")
        yield Installation(load_settings(), worker)


def day(number: int) -> datetime:
    return START + timedelta(days=number, hours=10)


def visit(topic: str, form: str, user: str, number: int) -> Sent:
    """A visit in one of the three forms."""
    at = day(number)
    attributes = {"id": f"{user}-{number}", "source": "shop", "type": "app.opened", "time": at.isoformat()}
    if form == "plain":
        return Sent(topic, user, json.dumps({**attributes, "user_id": user}).encode(), at)
    cloud = {**attributes, "specversion": "1.0", "subject": user}
    if form == "structured":
        headers = (("content-type", b"application/cloudevents+json"),)
        return Sent(topic, user, json.dumps({**cloud, "data": {}}).encode(), at, headers)
    return Sent(topic, user, b"{}", at, tuple((f"ce_{name}", value.encode()) for name, value in cloud.items()))


def test_several_topics_and_three_forms_are_one_input(here: Installation) -> None:
    """Each user is warned of for the same reasons; what came on both topics counts once; a letter names its topic."""
    lives = [(here.user(n % 2, n), topic, form) for n, (topic, form) in enumerate(
        [("app.events", "plain"), ("web.events", "structured"), ("web.events", "binary")]
    )]  # fmt: skip
    both = here.user(1, 9)
    log = [visit(topic, form, user, n) for n in range(20) for user, topic, form in lives]
    log += [visit(topic, "plain", both, n) for n in range(20) for topic in SEVERAL]
    here.send([*log, Sent("web.events", both, b"{", day(19))])
    here.eventually(here.absorbed, "the lives")
    here.send([visit("app.events", "plain", here.user(n, 20), number) for number in range(20, 46) for n in (0, 1)])
    wanted = {user for user, *_ in lives} | {both}

    def told() -> dict[str, list[Warning]]:
        found: dict[str, list[Warning]] = {}
        for record in here.read("churn.warnings"):
            warning = Warning.decode(record.value)
            found.setdefault(warning.user_id, []).append(warning)
        return found

    here.eventually(lambda: sum(map(len, told().values())) >= 3 * len(wanted), "the warnings")
    said = told()
    assert set(said) == wanted
    assert all([w.level for w in warnings] == [Level.WATCH, Level.RISK, Level.CRITICAL] for warnings in said.values())
    assert len({(w.index, w.evidence.model_dump_json()) for [w, *_] in said.values() if w.evidence}) == 1
    assert here.outcome("duplicate") + here.outcome("late_day") == 20, "the slower topic's, however far it was behind"
    [letter] = [json.loads(line) for line in here.churn("dlt", "list", "--json").output.splitlines()]
    assert (letter["source"]["topic"], letter["source"]["reason"], letter["key"]) == ("web.events", "not_json", both)


def test_a_bad_release_stops_a_partition_and_the_commands_bring_everything_back(here: Installation) -> None:
    """Stopped, seen, explained, resumed, sent again, sent again once more: in the end every event has counted once."""
    event, record = datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) - timedelta(days=3)  # noqa: TID251
    users = [here.user(0, n) for n in range(30)]

    def early(user: str, at: datetime) -> Sent:
        body = {"id": f"{user}-1", "source": "s", "type": "app.opened", "time": event.isoformat(), "user_id": user}
        return Sent("web.events", user, json.dumps(body).encode(), at, (("traceparent", b"00-a\xff"),))

    here.send([early(user, record) for user in users])
    here.eventually(lambda: here.absorbed([0]), "the refusals")
    here.send([early(here.user(0, 50), event), early(here.user(1, 0), event)])
    here.eventually(lambda: "partition 0 is broken" in here.page("readyz"), "the standstill")
    here.eventually(lambda: here.outcome("applied") == 1, "the other partition")
    assert 'churn_intake_stopped{partition="0"} 1.0' in here.page("metrics")
    zero, one = here.churn("intake", "status").output.splitlines()
    assert zero.startswith("health[0]  STOPPED     30 of the last 30 records refused (100.0 %)")
    assert one.startswith("health[1]  open ")

    [first, *_rest] = listed = here.churn("dlt", "list", "--reason", "too_early", "--since", "1h").output.splitlines()
    assert len(listed) == 30
    assert "too_early  web.events[0]@0" in first
    place = first.split()[0]
    shown = here.churn("dlt", "show", place).output
    assert "header       traceparent: 00-a\\xff" in shown
    assert here.churn("dlt", "show", place, "--raw").output_bytes == early(users[0], record).value
    assert here.churn("dlt", "requeue", "--all", "--dry-run").output.splitlines()[-1] == "30 would be sent again"
    assert here.churn("dlt", "list", "--since", "2999-01-01T00:00:00Z").stdout == ""

    here.churn("intake", "resume", "--partition", "0", "--who", "ann", "--why", "the phone's clock is mended")
    here.eventually(lambda: here.page("readyz") == "ready\n" and here.absorbed(), "going on")
    assert here.churn("dlt", "requeue", place, place).output.splitlines()[-1] == "1 sent again"
    assert here.churn("dlt", "requeue", "--reason", "too_early").output.splitlines()[-1] == "30 sent again"
    here.eventually(lambda: here.outcome("applied") == 32, "every event once")
    here.eventually(here.absorbed, "the rest")
    assert (here.outcome("applied"), here.outcome("duplicate"), here.outcome("rejected")) == (32, 1, 30)
    [*_, again] = [record for record in here.read("web.events") if record.key == users[0].encode()]
    assert list(again.headers) == [("traceparent", b"00-a\xff"), ("churn-requeued", place.encode())]
    here.leaves_profiles()
    assert here.said("intake passed") == here.said("intake stopped") == here.said("intake resumed") == 1
    status = here.churn("intake", "status").output
    assert "intake/0 was let go on at" in status
    assert "by ann: the phone's clock is mended" in status


def test_a_record_that_was_tiny_on_the_wire_becomes_a_letter_that_fits(here: Installation) -> None:
    """Five megabytes of zeros, a few kilobytes compressed: the letter is cut, the original can be read, all go on."""
    user, at = here.user(0, 7), datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251
    zeros = bytes(5_000_000)
    here.send([Sent("app.events", user, zeros, at, (("traceparent", b"00-a"),))], compression_type="gzip", **LARGE)
    body = {"id": "1", "source": "s", "type": "app.opened", "time": at.isoformat(), "user_id": user}
    here.send([Sent("app.events", user, json.dumps(body).encode(), at)])
    here.eventually(lambda: here.absorbed() and here.outcome("applied") == 1, "the event behind it")
    assert here.page("readyz") == "ready\n"
    [letter] = here.read("app.events-dlt")
    size = len(letter.key) + len(letter.value) + sum(len(name) + len(text) for name, text in letter.headers)
    assert size <= LETTER_BYTES
    [line] = here.churn("dlt", "list").output.splitlines()
    place = line.split()[0]
    shown = here.churn("dlt", "show", place).output
    assert "too_large" in line
    assert f"cut          value=5000000: dlt show --original {place} reads the whole record" in shown
    assert here.churn("dlt", "show", place, "--original", "--raw").output_bytes == zeros
    left = here.churn("dlt", "requeue", place).output
    assert "was cut (value=5000000)" in left
    assert left.splitlines()[-1] == "0 sent again, 1 left"
