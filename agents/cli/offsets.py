"""``churn-alerts offsets``: where every partition stands, and the one way to accept that records are lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click
import msgspec

from agents.app import role_table
from agents.batches import ledger as ledgers
from agents.batches.batch import TopicPartition
from agents.batches.producer import TransactionalProducer
from agents.batches.reader import Reader, reading
from agents.batches.role import Watch
from agents.command_line import run_or_stop, settings_or_stop
from agents.connection import kafka_options
from agents.policy_file import read_policy
from agents.settings import Settings
from agents.settings.model import RoleName
from agents.standing import ledger_of, partitions_of


@click.group()
def command() -> None:
    """Show where partitions stand; skip records that the log no longer holds."""


@dataclass(frozen=True)
class Standing:
    """Where one partition of a role stands in one topic, and what the log holds."""

    role: RoleName
    topic: str
    partition: int
    position: int | None
    begin: int
    end: int

    def __str__(self) -> str:
        state = "not begun" if self.position is None else f"next {self.position}"
        broken = self.position is not None and not self.begin <= self.position <= self.end
        return (
            f"{self.role:<11} {self.topic}[{self.partition}]  {state}, log {self.begin} to {self.end}"
            f"{'  STANDS STILL' if broken else ''}"
        )


@command.command()
@click.option("--role", type=click.Choice([role.value for role in RoleName]), help="Only this role.")
def show(role: str | None) -> None:
    """Print every partition's next offset in every topic of its role, beside what the log holds."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            for name in RoleName if role is None else [RoleName(role)]:
                async for standing in _standings(reader, settings, name):
                    click.echo(str(standing))

    run_or_stop(work(settings_or_stop()))


@command.command()
@click.option("--topic", required=True, help="The topic as the log names it.")
@click.option("--partition", required=True, type=click.IntRange(min=0))
@click.option("--to", "offset", required=True, type=click.IntRange(min=0), help="The next offset to be read.")
def skip(topic: str, partition: int, offset: int) -> None:
    """Let a partition that stands still go on at another offset; what lies between is lost, and you say so.

    The worker that has the partition is fenced and opens it again by itself. Of a broadcast topic (one partition, heard
    by every partition of a role) the place of every hearer is set.
    """
    run_or_stop(_skip(settings_or_stop(), topic, partition, offset))


async def _skip(settings: Settings, physical: str, number: int, offset: int) -> None:
    topic = physical.removeprefix(settings.topic_prefix)
    name, heard = _reader_of(settings, topic)
    async with reading(kafka_options(settings)) as reader:
        begin, end = await reader.range_of(TopicPartition(physical, number))
        if not begin <= offset <= end:
            raise click.BadParameter(f"the log of {physical}[{number}] holds {begin} to {end}", param_hint="--to")
        owners = range(await partitions_of(settings, settings.changelog(name))) if heard else [number]
        for owner in owners:
            was = await _move(settings, reader, name, owner, topic, offset, heard)
            click.echo(f"{name.value}[{owner}]: {physical}[{number}] goes on at {offset} (it stood at {was})")


async def _move(
    settings: Settings, reader: Reader, name: RoleName, owner: int, topic: str, offset: int, heard: bool
) -> int | str:
    """Where the owner stood in the topic; from now on it stands at the offset."""
    async with _fenced(settings, name, owner) as producer:
        ledger = await ledger_of(settings, reader, name, owner)
        places = ledger.cursors if heard else ledger.positions
        field = "cursors" if heard else "positions"
        moved = msgspec.structs.replace(ledger, **{field: {**places, topic: offset}})
        changelog = TopicPartition(settings.changelog(name), owner)
        rows = [(ledgers.KEY, ledgers.pack(moved), ())]
        await producer.commit(ledger.now_ms, {changelog: rows}, {}, settings.group(name))
    return places.get(topic, "its beginning")


@asynccontextmanager
async def _fenced(settings: Settings, name: RoleName, number: int) -> AsyncIterator[TransactionalProducer]:
    """The right to write the partition, taken from whoever holds it."""
    transactional_id = f"{settings.group(name)}-{number}"
    producer = TransactionalProducer(
        kafka_options(settings), transactional_id, settings.commit_timeout_seconds, Watch().point
    )
    try:
        await producer.open()
        yield producer
    finally:
        await producer.close()


def _reader_of(settings: Settings, topic: str) -> tuple[RoleName, bool]:
    """The role that reads a topic, and whether it hears it as a broadcast."""
    for name, spec in role_table(settings, read_policy(settings.policy_path)).items():
        if topic in spec().topics or topic in spec().broadcasts:
            return name, topic in spec().broadcasts
    raise click.BadParameter(f"no role reads {topic}; 'churn-alerts offsets show' lists them", param_hint="--topic")


async def _standings(reader: Reader, settings: Settings, name: RoleName) -> AsyncIterator[Standing]:
    spec = role_table(settings, read_policy(settings.policy_path))[name]()
    for number in range(await partitions_of(settings, settings.changelog(name))):
        ledger = await ledger_of(settings, reader, name, number)
        for topic in spec.topics:
            begin, end = await reader.range_of(TopicPartition(settings.topic(topic), number))
            yield Standing(name, settings.topic(topic), number, ledger.positions.get(topic), begin, end)
