"""A range of real topics, over partitions and past what is no event, replays as the file of the same events does."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner, Result
from rich.progress import Progress

from agents.__main__ import main
from agents.connection import kafka_options
from agents.local import Kafka
from agents.policy_file import read_policy
from agents.replay.edge import Edge
from agents.replay.reading import batches, told
from agents.replay.sorting import Sorter
from agents.replay.topic import taken
from agents.settings import Settings, load_settings
from agents.topics import create_topics, topic_specs
from schemas import topics
from tests.flow.story import day

pytestmark = pytest.mark.kafka
POLICY = Path(__file__).parents[2] / "deploy/policies/shop.toml"
PARTITIONS = 3


def rows() -> list[dict[str, Any]]:
    """Six come day by day, one after the other; the even ones stay away after 20 days."""
    return [
        {
            "user_id": f"u{user}", "ts": (day(number) + timedelta(minutes=user)).isoformat(),
            "event": "app.opened", "id": f"{user}-{number}", "source": "log",
        }
        for number in range(60) for user in range(6) if user % 2 or number < 20
    ]  # fmt: skip


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation whose topics are made, and no worker."""
    for name, value in {
        "POLICY_PATH": POLICY, "BOOTSTRAP_SERVERS": kafka.bootstrap, "TOPIC_PREFIX": topic_prefix,
        "PARTITIONS": PARTITIONS,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CHURN_{name}", str(value))
    settings = load_settings()
    asyncio.run(created(settings))
    return settings


async def created(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    await admin.start()
    try:
        await create_topics(admin, topic_specs(settings, simulated_time=True), settings.partitions)
    finally:
        await admin.close()


async def sent(settings: Settings, rows: list[dict[str, Any]], *, commit: bool = True) -> None:
    """The events stand in their users' partitions with their own times, in one transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=settings.topic("app"))
    await producer.start()
    try:
        await producer.begin_transaction()
        for row in rows:
            await producer.send(**record(settings, row))
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def record(settings: Settings, row: dict[str, Any]) -> dict[str, Any]:
    body = {"id": row["id"], "source": "log", "type": row["event"], "time": row["ts"], "user_id": row["user_id"]}
    key, moment = row["user_id"].encode(), day(0).fromisoformat(row["ts"])
    return {
        "topic": settings.topic(topics.EVENTS), "partition": settings.placement.of(key), "key": key,
        "value": json.dumps(body).encode(), "timestamp_ms": int(moment.timestamp() * 1000),
    }  # fmt: skip


async def bad(settings: Settings) -> None:
    """Three records are no events: one is empty, one has no time, one stands in another's partition."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    whole = record(settings, rows()[0])
    elsewhere = {"partition": (whole["partition"] + 1) % PARTITIONS}
    no_time = {"value": b'{"id": "1", "source": "log", "type": "app.opened", "user_id": "u0"}'}
    try:
        for change in ({"value": b""}, no_time, elsewhere):
            await producer.send_and_wait(**(whole | change))
    finally:
        await producer.stop()


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["replay", "--policy", str(POLICY), "--consent", "all", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def from_file(folder: Path, rows: list[dict[str, Any]]) -> dict[str, bytes]:
    folder.mkdir()
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("--events", folder / "log.jsonl", "--out", folder / "out")
    return contents(folder / "out")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_range_of_the_topics_replays_as_the_file_of_its_events(settings: Settings, tmp_path: Path) -> None:
    """Whole, and between two times; what was not committed never happened."""
    asyncio.run(sent(settings, [row | {"id": "never " + row["id"]} for row in rows()], commit=False))
    asyncio.run(sent(settings, rows()))
    whole = from_file(tmp_path / "file", rows())
    run("--kafka", "--out", tmp_path / "whole")
    assert contents(tmp_path / "whole") == whole
    assert whole["warnings.jsonl"].count(b"\n") >= 3
    assert whole["outbound.jsonl"]
    begin, end = day(3).isoformat(), day(50).isoformat()
    run("--kafka", "--from", begin, "--to", end, "--out", tmp_path / "between")
    assert contents(tmp_path / "between") == from_file(
        tmp_path / "part", [row for row in rows() if begin <= row["ts"] < end]
    )


def test_a_range_of_times_is_exact_though_record_times_do_not_ascend(settings: Settings, tmp_path: Path) -> None:
    """An app sends what it kept offline: the later half of the log first."""
    asyncio.run(sent(settings, [*rows()[150:], *rows()[:150]]))
    begin, end = day(3).isoformat(), day(30).isoformat()
    run("--kafka", "--from", begin, "--to", end, "--out", tmp_path / "out")
    kept = [row for row in rows() if begin <= row["ts"] < end]
    assert contents(tmp_path / "out") == from_file(tmp_path / "file", kept)


def test_refused_records_of_a_range_are_counted_by_reason(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(bad(settings))
    asyncio.run(sent(settings, rows()))
    run("--kafka", "--out", tmp_path / "out")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["rejects"] == {"empty": 1, "missing_time": 1, "wrong_partition": 1}
    assert summary["events"] == {"applied": len(rows()), "rejected": 3}


def test_offsets_cut_their_own_partition_only(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(sent(settings, rows()))
    mine = [row for row in rows() if settings.placement.of(row["user_id"].encode()) == 1]
    cut = [row for row in rows() if row not in [*mine[:5], *mine[9:]]]
    run("--kafka", "--from", "1:5", "--to", "1:9", "--out", tmp_path / "out")
    assert contents(tmp_path / "out") == from_file(tmp_path / "file", cut)
    for word, said in (("1:999999", "give one from 0 to "), ("7:1", "name one from 0 to 2")):
        assert said in run("--kafka", "--from", word, "--out", tmp_path / "no", code=1).output


def test_a_bar_goes_to_the_end_of_every_partition_and_of_the_replay(settings: Settings) -> None:
    asyncio.run(sent(settings, rows()))
    sizes = Counter(settings.placement.of(row["user_id"].encode()) for row in rows())
    shown = Progress(disable=True)
    with Sorter() as sorter:
        asyncio.run(taken(settings, read_policy(POLICY), Edge("--from"), Edge("--to"), sorter, shown))
        assert len(list(told(batches(sorter.events()), shown, len(sorter), int))) == len(rows())
    *partitions, replay = shown.tasks
    marker = 1  # the transaction's
    assert [task.total for task in partitions] == [sizes[number] + marker for number in range(PARTITIONS)]
    assert all(task.finished for task in partitions)
    assert (replay.completed, replay.total) == (len(rows()), len(rows()))


def test_a_topic_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURN_EVENT_TOPICS", "nowhere")
    output = run("--kafka", "--out", tmp_path / "out", code=1).output
    assert "nowhere: topic is not there; correct CHURN_EVENT_TOPICS" in output
