"""``churn-alerts intake``: how much of the input is refused, and letting an intake that has stopped go on (A3)."""

from collections.abc import AsyncIterator

import click

from agents.batches.reader import Reader, reading
from agents.command_line import WHO, WHY, run_or_stop, settings_or_stop, word_or_stop
from agents.connection import kafka_options
from agents.control import said, say
from agents.settings import Settings
from agents.settings.model import RoleName
from agents.standing import ledger_of, partitions_of
from schemas.control import EVERY, ControlKind
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
@WHY
@WHO
def resume(partition: int | None, why: str, who: str) -> None:
    """Let an intake that has stopped go on where it stands; what was refused stays on the dead-letter topic.

    The worker hears it within seconds. The intake stops again only when the ratio of refused records has fallen to the
    policy's intake.rejects.clear and passes the limit anew.
    """

    async def work(settings: Settings) -> None:
        count = await partitions_of(settings, settings.changelog(RoleName.HEALTH))
        if partition is not None and partition >= count:
            raise click.BadParameter(f"there are {count} partitions, from 0 on", param_hint="--partition")
        await say(settings, control)
        click.echo(f"said: {control.key} goes on; see `churn-alerts intake status`")

    target = EVERY if partition is None else str(partition)
    control = word_or_stop(ControlKind.INTAKE, target, who, why)
    run_or_stop(work(settings_or_stop()))


async def _standings(settings: Settings, reader: Reader) -> AsyncIterator[tuple[int, Kept]]:
    for number in range(await partitions_of(settings, settings.changelog(RoleName.HEALTH))):
        memo = (await ledger_of(settings, reader, RoleName.HEALTH, number)).memo
        yield number, MEMOS.unpack(number, memo).rejects if memo else Kept()


def _state(kept: Kept) -> str:
    return "STOPPED" if kept.stopped else "over limit" if kept.over else "open"
