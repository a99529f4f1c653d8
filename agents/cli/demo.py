"""``churn-alerts demo``: real Kafka and Redis, the real worker and a town of users, on this machine, live."""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

import click
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.clock import CLOCK, ScaledClock
from agents.connection import kafka_options
from agents.demo.seen import Summary
from agents.demo.show import Show
from agents.demo.source import Source
from agents.demo.view import LiveView, PlainView
from agents.demo.worker import Worker
from agents.local import CannotRunHere, Kafka, Redis
from agents.local.download import kafka_jars
from agents.local.ports import free_row
from agents.policy_file import read_policy
from agents.settings import RoleName, Settings, load_settings
from agents.settings.load import variable
from agents.settings.model import PREFIX
from agents.topics import create_topics, topic_specs
from schemas.faults import Faults

SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
PARTITIONS = 4


@click.command()
@click.option("--seconds", type=click.FloatRange(min=0), help="End by itself, so long after the worker is ready.")
@click.option("--json", "as_json", is_flag=True, help="Plain progress; the last line of stdout is one JSON object.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another town.")
@click.option("--users", type=click.IntRange(1, 99_999), default=1_000, show_default=True, help="Users of the town.")
@click.option(
    "--speed",
    type=click.FloatRange(0.001, 86_400),
    default=1_440.0,
    show_default=True,
    help="Simulated seconds a second; 1440 make a day a minute.",
)
@click.option("--policy", type=click.Path(path_type=Path), default=SHOP, help="A policy file (default: the shop's).")
def command(seconds: float | None, as_json: bool, seed: int, users: int, speed: float, policy: Path) -> None:
    """Watch warnings, decisions and messages of a simulated town as they happen; Ctrl-C leaves nothing behind.

    A real Kafka, a real Redis and the real worker run on this machine and are gone with this command. The clock starts
    at 10:00 in the product's zone, on a Monday; four weeks of life before it are written first.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs what it tries again; what it gives up it raises
    policy = policy.resolve()  # the worker runs in a folder of its own
    try:
        source = Source(read_policy(policy), users, seed)
        summary = _demo(source, policy, speed, seconds, plain=as_json or not _terminal())
    except (Faults, CannotRunHere) as error:
        raise click.ClickException(str(error)) from error
    except KafkaError as error:
        raise click.ClickException(f"the demo's own Kafka is gone ({error}); run the demo again") from error
    click.echo(json.dumps(summary) if as_json else _sentence(summary))


def _terminal() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty()


def _demo(source: Source, policy: Path, speed: float, seconds: float | None, plain: bool) -> Summary:
    kafka_jars()
    since = time.monotonic()
    click.echo("Starting Kafka and Redis", err=True)
    with Kafka.start(brief=True) as kafka, Redis.start() as redis:
        settings = _settings(kafka, redis, policy)
        asyncio.run(_make_topics(settings))
        clock = ScaledClock(source.start, speed)
        os.environ[CLOCK] = str(clock)
        with Worker(settings) as worker, PlainView() if plain else LiveView() as view:
            return asyncio.run(Show(source, settings, clock, (kafka, redis), worker, view, since).run(seconds))


def _settings(kafka: Kafka, redis: Redis, policy: Path) -> Settings:
    """The demo's settings, also in the environment that the worker gets; those of the person's shell do not count."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    given = {
        "bootstrap_servers": kafka.bootstrap,
        "redis_url": redis.url,
        "policy_path": str(policy),
        "partitions": str(PARTITIONS),
        "web_port": str(free_row(len(RoleName))),
    }
    os.environ.update({variable(name): value for name, value in given.items()})
    return load_settings()


async def _make_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    try:
        await admin.start()
        await create_topics(admin, topic_specs(settings, simulated_time=True), settings.partitions)
    finally:
        await admin.close()


def _sentence(summary: Summary) -> str:
    first = summary["first_warning_s"]
    return (
        f"{summary['events']:,} events, {summary['warnings']} warnings"
        + (f" (the first after {first} s)" if first is not None else "")
        + f", {summary['decisions']} decisions, {summary['outbound']} messages; nothing is left running"
    )
