"""Replay is the worker: the same log through real Kafka and through a file leaves the same warnings, byte for byte."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner

from agents.__main__ import main
from agents.batches import ledger as ledgers
from agents.batches.reader import reading
from agents.connection import kafka_options
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, Settings, load_settings
from agents.topics import create_topics, topic_specs
from schemas import topics
from tests.flow.story import day

pytestmark = pytest.mark.kafka
POLICY = Path(__file__).parents[2] / "deploy/policies/shop.toml"
USERS, DAYS = 240, 70
"""Enough that the product learns: its third week is read with a snapshot of its own."""
WAIT_SECONDS = 60.0


def log(seed: int = 11) -> list[dict[str, Any]]:
    """Users with rhythms; half of them stay away for a while or for good, some are not pleased."""
    random, rows = Random(seed), list[dict[str, Any]]()
    for number in range(USERS):
        at, gap = random.uniform(0, 3), random.choice([1, 1, 2, 5])
        while at < DAYS:
            for visit in range(random.randint(1, 3)):
                kind = random.choice(["app.opened", "order.paid"])
                rows.append({"user_id": f"u{number}", "ts": day(at) + timedelta(seconds=40 * visit), "event": kind})
            if random.random() < 0.1:
                rating = {"event": "order.rated", "score": random.choice([1, 5])}
                rows.append({"user_id": f"u{number}", "ts": day(at, 11), **rating})
            at += gap * random.uniform(0.7, 1.3) + (number % 2) * (random.random() < 0.1) * 30
    rows.sort(key=lambda row: (row["ts"], row["user_id"]))
    return [row | {"ts": row["ts"].isoformat(), "id": f"e{number}"} for number, row in enumerate(rows)]


@pytest.fixture
def settings(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Settings]:
    """An installation with one partition, its topics made, its health and dispatcher working."""
    values = {
        "POLICY_PATH": POLICY, "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url,
        "TOPIC_PREFIX": topic_prefix, "PARTITIONS": 1, "WEB_PORT": free_row(3), "ROLES": "health",
        "DATA_DIR": tmp_path / "data",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"CHURN_{name}", str(value))
    settings = load_settings()
    asyncio.run(created(settings))
    with Worker(settings) as worker:
        worker.launch()
        yield settings


async def created(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    await admin.start()
    try:
        await create_topics(admin, topic_specs(settings, simulated_time=True), settings.partitions)
    finally:
        await admin.close()


async def lived(settings: Settings, rows: list[dict[str, Any]]) -> list[bytes]:
    """The warnings that the worker commits once it has taken all of these events, sent in portions."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    try:
        for place in range(0, len(rows), 500):
            sent = [await producer.send(**record(settings, row)) for row in rows[place : place + 500]]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()
    await committed(settings, len(rows))
    async with reading(kafka_options(settings)) as reader:
        tp = TopicPartition(settings.topic(topics.WARNINGS), 0)
        begin, end = await reader.range_of(tp)
        return [r.value async for records, _ in reader.read(tp, begin, end) for r in records]


def record(settings: Settings, row: dict[str, Any]) -> dict[str, Any]:
    """The event as an app sends it: the line's own fields, the rest as properties."""
    own = {"user_id", "ts", "event", "id"}
    body = {
        "id": row["id"], "source": "log", "type": row["event"], "time": row["ts"], "user_id": row["user_id"],
        "properties": {name: value for name, value in row.items() if name not in own},
    }  # fmt: skip
    return {
        "topic": settings.topic(topics.EVENTS), "partition": 0, "key": row["user_id"].encode(),
        "value": json.dumps(body).encode(),
    }  # fmt: skip


async def committed(settings: Settings, events: int) -> None:
    """The health role has committed so many events; its changelog says so."""
    place = TopicPartition(settings.changelog(RoleName.HEALTH), 0)
    options = kafka_options(settings) | {"isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(**options)
    await consumer.start()
    try:
        consumer.assign([place])
        async with asyncio.timeout(WAIT_SECONDS):
            async for found in consumer:
                if found.key == ledgers.KEY and ledgers.unpack(found.value).positions.get(topics.EVENTS, 0) >= events:
                    return
    finally:
        await consumer.stop()


async def decided(settings: Settings, decisions: list[bytes]) -> None:
    """No dispatcher works here: the topic holds what the replay's has decided."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    try:
        for value in decisions:
            key = json.loads(value)["user_id"].encode()
            await producer.send_and_wait(settings.topic(topics.DECISIONS), value, key, partition=0)
    finally:
        await producer.stop()


def run(*words: object) -> str:
    result = CliRunner().invoke(main, [*map(str, words)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_replay_and_worker_say_the_same(settings: Settings, tmp_path: Path) -> None:
    """Ids, times, parts, evidence, policy hash: every byte of every warning; and both explain a user alike."""
    rows, events = log(), tmp_path / "log.jsonl"
    events.write_text("".join(json.dumps(row) + "\n" for row in rows))
    live = asyncio.run(lived(settings, rows))
    run("replay", "--policy", POLICY, "--events", events, "--out", tmp_path / "out")
    replayed = (tmp_path / "out/warnings.jsonl").read_bytes().splitlines()
    assert replayed == live
    warnings = [*map(json.loads, live)]
    assert {each["level"] for each in warnings} >= {"risk", "critical", "recovered"}
    assert len({each["snapshot"] for each in warnings} - {"start"}) > 3, (
        "what was learned was adopted, on the same days"
    )
    warned = warnings[-1]["user_id"]
    asyncio.run(decided(settings, (tmp_path / "out/decisions.jsonl").read_bytes().splitlines()))
    from_replay = json.loads(run("explain", warned, "--replay", tmp_path / "out", "--json"))
    assert from_replay["decisions"]
    assert json.loads(run("explain", warned, "--json")) == from_replay
