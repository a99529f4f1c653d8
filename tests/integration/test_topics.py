"""Topics on a real broker: created once, created again without harm, refused where they differ."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner

from agents.cli.topics import command
from agents.connection import kafka_options
from agents.local import Kafka
from agents.settings import Settings, load_settings
from agents.topics import TopicFaults, TopicSpec, check_topics, create_topics, topic_specs

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    """An installation that nobody else has."""
    return load_settings(bootstrap_servers=kafka.bootstrap, topic_prefix=topic_prefix, partitions=3)


@pytest.fixture
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client."""
    client = AIOKafkaAdminClient(**kafka_options(settings))
    await client.start()
    yield client
    await client.close()


async def test_topics_are_created_once_as_they_shall_be(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    specs = topic_specs(settings)
    with pytest.raises(TopicFaults) as missing:
        await check_topics(admin, specs)
    assert len(missing.value.faults) == len(specs)
    created, _ = await create_topics(admin, specs, settings.partitions)
    assert set(created) == {spec.name for spec in specs}
    assert await create_topics(admin, specs, settings.partitions) == ((), ())
    assert await check_topics(admin, specs) == 3


async def test_simulated_time_is_taken(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """The broker has the configuration afterwards, and creating without it is a warning, not a change."""
    simulated = topic_specs(settings, simulated_time=True)
    await create_topics(admin, simulated, 3)
    assert await create_topics(admin, simulated, 3) == ((), ())
    _, warnings = await create_topics(admin, topic_specs(settings), 3)
    assert [fault.key for fault in warnings] == [f"{settings.topic('app.events')} message.timestamp.type"]


async def test_a_topic_of_another_count_stops_the_start(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    name = settings.topic("churn.warnings")
    await create_topics(admin, [TopicSpec(name, keyed=True)], 2)
    with pytest.raises(TopicFaults, match="partitions = 2 is not 3"):
        await create_topics(admin, topic_specs(settings), 3)
    with pytest.raises(TopicFaults) as caught:
        await check_topics(admin, topic_specs(settings))
    assert [fault.key for fault in caught.value.faults] == [f"{name} partitions"]


async def test_what_the_broker_refuses_is_told_by_topic(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """Five copies on one broker: each topic is named with the broker's own words."""
    specs = topic_specs(settings)
    with pytest.raises(TopicFaults, match="replication factor") as caught:
        await create_topics(admin, specs, 3, replicas=5)
    assert len(caught.value.faults) == len(specs)


def test_the_command_creates_and_checks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", settings.bootstrap_servers)
    monkeypatch.setenv("CHURN_TOPIC_PREFIX", settings.topic_prefix)
    assert CliRunner().invoke(command, ["check"]).exit_code == 1
    created = CliRunner().invoke(command, ["create"])
    assert created.exit_code == 0, created.output
    assert f"created  {settings.topic('churn.outbound')}" in created.output
    assert "8 partitions each where keyed by user" in CliRunner().invoke(command, ["check"]).output


def test_the_command_says_when_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", "localhost:1")
    result = CliRunner().invoke(command, ["check"])
    assert result.exit_code == 1
    assert "CHURN_BOOTSTRAP_SERVERS = localhost:1 does not answer" in result.output
