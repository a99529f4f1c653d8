"""``churn-alerts intake``: how much of the input is refused, and letting an intake that has stopped go on (A3)."""

import getpass
from collections.abc import AsyncIterator

import click

from agents.batches.reader import Reader, reading
from agents.clock import SystemClock
from agents.command_line import run_or_stop, settings_or_stop
from agents.connection import kafka_options
from agents.control import said, say
from agents.settings import Settings
from agents.settings.model import RoleName
from agents.standing import ledger_of, partitions_of
from schemas.control import EVERY, Control, ControlKind
from streams.health.partition import MEMOS
from streams.health.rejects import Kept


@click.group()
def command() -> None:
    """Show how much of the input is refused; let an intake that has stopped go on."""


@command.command()
def status() -> None:
    """Print for every partition how many of its newest records were refused, and whether its intake has stopped."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            async for number, kept in _standings(settings, reader):
                click.echo(f"health[{number}]  {_state(kept):<10}  {kept}")
            for control in (await said(settings, reader)).values():
                if control.kind is ControlKind.INTAKE:
                    at = control.at.isoformat(timespec="seconds")
                    click.echo(f"{control.key} was let go on at {at} by {control.who}: {control.why}")

    run_or_stop(work(settings_or_stop()))


@command.command()
@click.option("--partition", type=click.IntRange(min=0), help="Only this partition (default: all that have stopped).")
@click.option("--why", required=True, help="What you found; it is kept with your name and the time.")
@click.option("--who", default=getpass.getuser, help="Your name (default: that of your login).")
def resume(partition: int | None, why: str, who: str) -> None:
    """Let an intake that has stopped go on where it stands; what was refused stays on the dead-letter topic.

    The worker hears it within seconds. The intake stops again only when the ratio of refused records has fallen to the
    policy's intake.rejects.clear and passes the limit anew.
    """

    async def work(settings: Settings) -> None:
        count = await partitions_of(settings, settings.changelog(RoleName.HEALTH))
        if partition is not None and partition >= count:
            raise click.BadParameter(f"there are {count} partitions, from 0 on", param_hint="--partition")
        target = EVERY if partition is None else str(partition)
        now = SystemClock().now()
        await say(settings, Control(kind=ControlKind.INTAKE, target=target, who=who, why=why, at=now))
        click.echo(f"said: {ControlKind.INTAKE}/{target} goes on; see `churn-alerts intake status`")

    if not (who.strip() and why.strip()):
        raise click.BadParameter("say something", param_hint="--who" if why.strip() else "--why")
    run_or_stop(work(settings_or_stop()))


async def _standings(settings: Settings, reader: Reader) -> AsyncIterator[tuple[int, Kept]]:
    for number in range(await partitions_of(settings, settings.changelog(RoleName.HEALTH))):
        memo = (await ledger_of(settings, reader, RoleName.HEALTH, number)).memo
        yield number, MEMOS.unpack(f"memo of partition {number}", memo).rejects if memo else Kept()


def _state(kept: Kept) -> str:
    return "STOPPED" if kept.stopped else "over limit" if kept.over else "open"
