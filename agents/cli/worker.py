"""``churn-alerts worker``: the roles of this installation, one process each, started again when one ends."""

import asyncio
import os
import sys
from collections.abc import Sequence

import click
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.batches.supervisor import Child, Supervisor
from agents.connection import kafka_options
from agents.logs import configure_logs
from agents.policy_file import read_policy
from agents.settings import Settings, load_settings
from agents.settings.load import variable
from agents.settings.model import RoleName
from agents.topics import check_topics, topic_specs
from schemas.faults import Faults


@click.command()
@click.option("--roles", help="Only these roles, separated by commas (default: CHURN_ROLES, all of them).")
def command(roles: str | None) -> None:
    """Run a worker until SIGTERM or Ctrl-C; refuses to start on any fault of settings, policy or topics."""
    if roles is not None:
        os.environ["CHURN_ROLES"] = roles
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        read_policy(settings.policy_path)
        os.environ[variable("partitions")] = str(asyncio.run(_partitions(settings)))
    except Faults as faults:
        raise click.ClickException(str(faults)) from faults
    except (KafkaError, OSError) as error:
        where = settings.bootstrap_servers
        raise click.ClickException(
            f"CHURN_BOOTSTRAP_SERVERS = {where!r}: {error}; is a broker running there?"
        ) from error
    asyncio.run(Supervisor(children(settings.roles)).run())


def children(roles: Sequence[RoleName]) -> list[Child]:
    """A process a role, in this process's environment."""
    return [Child(role.value, [sys.executable, "-m", "agents.process", role.value], os.environ) for role in roles]


async def _partitions(settings: Settings) -> int:
    """The count that the topics keyed by user have, which the roles are told: a key's place hangs on it."""
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    try:
        await admin.start()
        return await check_topics(admin, topic_specs(settings))
    finally:
        await admin.close()
