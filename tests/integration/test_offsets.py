"""``churn-alerts offsets``: what it shows, and that skipping is the only thing it changes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.local import Kafka

POLICY = Path(__file__).parents[2] / "deploy/policies/shop.toml"


@pytest.fixture
def churn(kafka: Kafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line on topics of its own, two partitions each."""
    values = (kafka.bootstrap, topic_prefix, "2", str(POLICY))
    for name, value in zip(("BOOTSTRAP_SERVERS", "TOPIC_PREFIX", "PARTITIONS", "POLICY_PATH"), values, strict=True):
        monkeypatch.setenv(f"CHURN_{name}", value)
    run = CliRunner()
    assert run.invoke(main, ["topics", "create"]).exit_code == 0
    return lambda *words: run.invoke(main, list(words))


def lines(result: Result, topic: str) -> list[str]:
    return [line for line in result.output.splitlines() if topic in line]


def test_a_partition_whose_records_are_gone_is_shown_and_may_be_skipped(
    churn: Callable[..., Result], kafka: Kafka, topic_prefix: str
) -> None:
    """It stands still until somebody names the offset to go on at; then it does not."""
    topic = f"{topic_prefix}app.events"
    assert all("not begun" in line for line in lines(churn("offsets", "show"), topic))
    asyncio.run(filled_and_emptied(kafka.bootstrap, TopicPartition(topic, 1)))
    refused = churn("offsets", "skip", "--topic", topic, "--partition", "1", "--to", "3")
    assert refused.exit_code == 2
    assert "holds 10 to 10" in refused.output
    assert churn("offsets", "skip", "--topic", topic, "--partition", "1", "--to", "10").exit_code == 0
    asyncio.run(filled_and_emptied(kafka.bootstrap, TopicPartition(topic, 1)))
    [_zero, one] = lines(churn("offsets", "show", "--role", "health"), topic)
    assert "next 10, log 20 to 20  STANDS STILL" in one
    assert churn("offsets", "skip", "--topic", topic, "--partition", "1", "--to", "20").exit_code == 0
    [zero, one] = lines(churn("offsets", "show", "--role", "health"), topic)
    assert "next 20, log 20 to 20" in one
    assert "STANDS STILL" not in one
    assert "not begun" in zero


def test_the_place_in_a_broadcast_topic_is_set_for_every_hearer(
    churn: Callable[..., Result], topic_prefix: str
) -> None:
    """A broadcast topic that was made anew is heard from its beginning again."""
    result = churn("offsets", "skip", "--topic", f"{topic_prefix}churn.breakers", "--partition", "0", "--to", "0")
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == ["dispatcher[0]", "dispatcher[1]"]


def test_a_topic_that_no_role_reads_is_named(churn: Callable[..., Result]) -> None:
    """A slip of the pen changes nothing."""
    result = churn("offsets", "skip", "--topic", "app.event", "--partition", "0", "--to", "0")
    assert result.exit_code == 2
    assert "no role reads app.event" in result.output


async def filled_and_emptied(bootstrap: str, tp: TopicPartition) -> None:
    """Ten records written, and deleted as retention would."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await using(producer, lambda: _ten(producer, tp))
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await using(admin, lambda: admin.delete_records({tp: RecordsToDelete(-1)}))


async def _ten(producer: AIOKafkaProducer, tp: TopicPartition) -> None:
    for _ in range(10):
        await producer.send_and_wait(tp.topic, b"x", key=b"u", partition=tp.partition)


async def using(client: AIOKafkaProducer | AIOKafkaAdminClient, work: Callable[[], Awaitable[object]]) -> None:
    await client.start()
    try:
        await work()
    finally:
        await (client.stop() if isinstance(client, AIOKafkaProducer) else client.close())
