"""``churn-alerts topics``: create the topics of an installation, or check them."""

import asyncio
from collections.abc import Awaitable, Callable

import click
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.connection import kafka_options
from agents.settings import Settings, load_settings
from agents.topics import check_topics, create_topics, topic_specs
from schemas.faults import Faults


@click.group()
def command() -> None:
    """Create or check the topics that this installation needs (see the CHURN_ settings)."""


@command.command()
@click.option("--simulated-time", is_flag=True, help="Take records of any time and keep them for ever.")
@click.option("--replicas", type=click.IntRange(-1, 32767), default=-1, help="Copies; -1 is the brokers' default.")
def create(simulated_time: bool, replicas: int) -> None:
    """Create every topic that is missing; those that stand there are compared, never changed."""

    async def work(admin: AIOKafkaAdminClient, settings: Settings) -> None:
        specs = topic_specs(settings, simulated_time=simulated_time)
        created, warnings = await create_topics(admin, specs, settings.partitions, replicas=replicas)
        for name in created:
            click.echo(f"created  {name}")
        for warning in warnings:
            click.echo(f"warning  {warning}", err=True)
        click.echo(f"{len(created)} created, {len(specs) - len(created)} were there")

    _run(work)


@command.command()
def check() -> None:
    """Compare every topic with what it shall be; exit code 1 where a worker would refuse to start."""

    async def work(admin: AIOKafkaAdminClient, settings: Settings) -> None:
        specs = topic_specs(settings)
        partitions = await check_topics(admin, specs)
        click.echo(f"{len(specs)} topics, {partitions} partitions each where keyed by user")

    _run(work)


def _run(work: Callable[[AIOKafkaAdminClient, Settings], Awaitable[None]]) -> None:
    """Do the work with a connected client; what a person can mend is printed, one line a fault."""
    try:
        settings = load_settings()
        asyncio.run(_connected(work, settings))
    except Faults as faults:
        raise click.ClickException(str(faults)) from faults
    except KafkaError as error:
        where = f"CHURN_BOOTSTRAP_SERVERS = {settings.bootstrap_servers}"
        raise click.ClickException(f"{where} does not answer: {error}; give the address of a running broker") from error


async def _connected(work: Callable[[AIOKafkaAdminClient, Settings], Awaitable[None]], settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    try:
        await admin.start()
        await work(admin, settings)
    finally:
        await admin.close()
