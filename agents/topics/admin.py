"""Topics on real brokers: created where they are missing, checked before a worker runs on them."""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from agents.topics.compare import PLACE, Compared, Found, TopicFaults, compare, keyed_partitions
from agents.topics.specs import TopicSpec
from schemas.faults import Fault

log = logging.getLogger(__name__)
BROKER_DEFAULT = -1
SHOWN_SECONDS = 30.0


async def create_topics(
    admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec], partitions: int, *, replicas: int = BROKER_DEFAULT
) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """Every topic is there: returns the names of the new ones, and warnings about the old ones; may be repeated.

    ``partitions`` is for topics keyed by user; ``replicas`` is the brokers' default unless given. Raises
    :class:`TopicFaults` for what the brokers refuse, or for topics that stood there with other partition counts or
    needed configurations: those are never changed.
    """
    there = await admin.list_topics()
    missing = [spec for spec in specs if spec.name not in there]
    refused = await _make(admin, missing, partitions, replicas) if missing else ()
    if refused:
        raise TopicFaults(refused)
    await _shown(admin, missing)
    compared = compare(specs, await _found(admin, specs), partitions)
    if compared.faults:
        raise TopicFaults(compared.faults)
    return tuple(spec.name for spec in missing), compared.warnings


async def _shown(admin: AIOKafkaAdminClient, made: Sequence[TopicSpec]) -> None:
    """Wait until every new topic is listed: a broker acknowledges a topic shortly before it shows it."""
    names = {spec.name for spec in made}
    async with asyncio.timeout(SHOWN_SECONDS):
        while not names.issubset(await admin.list_topics()):  # noqa: ASYNC110 - the broker does not tell
            await asyncio.sleep(0.05)


async def check_topics(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> int:
    """The partition count that all topics keyed by user share; each difference that may be meant is logged once.

    Raises :class:`TopicFaults` where a topic is missing, counts differ, or a compacted topic is not compacted.
    """
    found = await _found(admin, specs)
    keyed = keyed_partitions(specs, found, otherwise=1)
    compared: Compared = compare(specs, found, keyed)
    if compared.faults:
        raise TopicFaults(compared.faults)
    for warning in compared.warnings:
        log.warning("%s", warning)
    return keyed


async def _found(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> dict[str, Found]:
    """Those of our topics that are there; asked by listing, since asking by name may create them."""
    names = {spec.name for spec in specs}.intersection(await admin.list_topics())
    if not names:
        return {}
    described = await admin.describe_topics(sorted(names))
    configs = await _configs(admin, sorted(names))
    return {topic["topic"]: Found(len(topic["partitions"]), configs[topic["topic"]]) for topic in described}


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await admin.describe_configs(resources)
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _code, _message, _type, name, entries in answer.resources
    }


async def _make(
    admin: AIOKafkaAdminClient, missing: Sequence[TopicSpec], partitions: int, replicas: int
) -> tuple[Fault, ...]:
    """Create topics; returns what the brokers refused. A topic that another creator just made is no fault."""
    # aiokafka lets the brokers choose the replication only where an (empty) assignment is given.
    assignment: dict[int, list[int]] | None = {} if replicas == BROKER_DEFAULT else None
    wanted = [
        NewTopic(spec.name, spec.partitions(partitions), replicas, assignment, topic_configs=dict(spec.config))
        for spec in missing
    ]
    answer = await admin.create_topics(wanted)
    return tuple(_refusal(name, code, why) for name, code, why in answer.topic_errors if not _made(code))


def _made(code: int) -> bool:
    return code == 0 or for_code(code) is TopicAlreadyExistsError


def _refusal(name: str, code: int, why: str | None) -> Fault:
    error: type[KafkaError] = for_code(code)
    return Fault(PLACE, name, None, f"was refused: {why or error.description}", "mend that, then run it again")
