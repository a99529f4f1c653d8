"""``churn-alerts control``: what operators say to the running workers, who said it and why (G6)."""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from agents.batches.batch import Record
from agents.batches.reader import reading
from agents.clock import SystemClock
from agents.command_line import WHO, WHY, Moment, Since, Span, run_or_stop, settings_or_stop, word_or_stop
from agents.connection import kafka_options
from agents.control import heard, lift, said, say
from agents.policy_file import read_policy
from agents.settings import Settings
from schemas.base import header
from schemas.control import EVERY, LASTING, Control, ControlKind, Forced, LiftHeader
from schemas.faults import suggest
from schemas.policy import Policy
from streams.control import read_word

Row = dict[str, str | None]
C = TypeVar("C", bound=Callable[..., Any])
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def ends(command: C) -> C:
    """An order may end by itself: at a time, or after a while."""
    until = click.option("--until", type=Moment(), help="It ends then: a time with its offset.")
    span = click.option("--for", "span", type=Span(), help="It ends after so long: 30m, 2h, 7d.")
    return until(span(WHY(WHO(command))))


@click.group()
def command() -> None:
    """Say something to the running workers; every word is kept with who, why and when.

    A word holds within a second on every worker, until its end, or until it is lifted; a release works once.
    """


@command.command()
@click.argument("user")
@ends
def silence(user: str, **said: Any) -> None:
    """Send nothing to USER before --until (or for --for); what waits for him is judged anew."""
    _say(ControlKind.SILENCE, user, **said)


@command.command()
@click.argument("user")
@ends
def suppress(user: str, **said: Any) -> None:
    """Send nothing to USER, for ever or until --until; what waits for him is dropped."""
    _say(ControlKind.SUPPRESS, user, **said)


@command.command()
@click.argument("playbook")
@ends
def pause(playbook: str, **said: Any) -> None:
    """Let everything wait that PLAYBOOK ('*' for all) would send; it expires as ever."""
    _say(ControlKind.PAUSE, playbook, _a_playbook, **said)


@command.command()
@click.argument("channel")
@click.argument("value", type=click.Choice([each.value for each in Forced]))
@ends
def breaker(channel: str, value: str, **said: Any) -> None:
    """Let the breaker of CHANNEL stand as said, whatever is counted; 'auto' lets it move by itself again."""
    _say(ControlKind.BREAKER, channel, _a_channel, value=value, **said)


@command.command()
@click.argument("guard", default=EVERY)
@WHY
@WHO
def release(guard: str, **said: Any) -> None:
    """Let go on, once, what a blast-radius GUARD has paused: 'blast', or '*' for all (default)."""
    _say(ControlKind.RELEASE, guard, **said)


@command.command("lift")
@click.argument("kind", type=click.Choice([each.value for each in ControlKind]))
@click.argument("target")
@WHY
@WHO
def lift_(kind: str, target: str, who: str, why: str) -> None:
    """Take back what was said of a TARGET; `control list` shows what stands."""
    key = f"{kind}/{target}"

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            known = await said(settings, reader)
        if key not in known:
            raise click.ClickException(f"nothing stands about {key}; {suggest(key, tuple(known), 'what stands')}")
        await lift(settings, key, who, why, SystemClock().now())
        click.echo(f"lifted {key}, said by {known[key].who}: {known[key].why}")

    run_or_stop(work(settings_or_stop()))


@command.command("list")
@JSON
def list_(as_json: bool) -> None:
    """Print what is in force now, by kind and target."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            words = (await said(settings, reader)).values()
        standing = sorted((each for each in words if _in_force(each)), key=lambda each: each.key)
        rows = [_row(each) for each in standing]
        _show(rows, as_json, "nothing is in force")

    run_or_stop(work(settings_or_stop()))


@command.command()
@click.option("--since", type=Since(), help="Only what was said then or later: a time, or an age (2h, 7d).")
@JSON
def history(since: datetime | None, as_json: bool) -> None:
    """Print every word of the last month at least, oldest first, also what was lifted and by whom."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            records = [each async for each in heard(settings, reader)]
        wanted = (each for each in records if since is None or each.timestamp >= since.timestamp() * 1000)
        _show([row for each in wanted if (row := _told(each))], as_json, "nothing was said")

    run_or_stop(work(settings_or_stop()))


def _say(
    kind: ControlKind,
    target: str,
    known: Callable[[Policy, str], None] = lambda policy, target: None,
    *,
    who: str,
    why: str,
    until: datetime | None = None,
    span: timedelta | None = None,
    value: str | None = None,
) -> None:
    """The word stands on the topic, if it is one, and about something that the policy knows."""
    if until is not None and span is not None:
        raise click.UsageError("give --until or --for, and not both")
    end = SystemClock().now() + span if span is not None else until

    async def work(settings: Settings) -> None:
        known(read_policy(settings.policy_path), target)
        control = word_or_stop(kind, target, who, why, until=end, value=value)
        await say(settings, control)
        click.echo(f"said: {' '.join(filter(None, (control.key, control.value)))}, {_how_long(control)}")

    run_or_stop(work(settings_or_stop()))


def _a_playbook(policy: Policy, name: str) -> None:
    _known("playbook", name, (EVERY, *(playbook.name for playbook in policy.playbooks)), policy)


def _a_channel(policy: Policy, name: str) -> None:
    _known("channel", name, tuple(policy.channels), policy)


def _known(what: str, name: str, names: tuple[str, ...], policy: Policy) -> None:
    if name not in names:
        raise click.ClickException(f"policy {policy.name} has no {what} {name!r}; {suggest(name, names, 'it has')}")


def _how_long(control: Control) -> str:
    if control.until is not None:
        return f"until {control.until.isoformat(timespec='seconds')}"
    return "until it is lifted" if control.kind in LASTING else "once"


def _in_force(control: Control) -> bool:
    return control.kind in LASTING and control.value is not Forced.AUTO and control.holds(SystemClock().now())


def _row(control: Control) -> Row:
    row = control.model_dump(mode="json")
    return {name: row[name] for name in ("kind", "target", "value", "at", "until", "who", "why")}


def _told(record: Record) -> Row | None:
    """What a record says; None where it is no word, and nobody obeys it."""
    word = read_word(record)
    if word.control is not None:
        return {"said": "unreadable" if word.unreadable else "ordered", **_row(word.control)}
    if word.unreadable:
        return None
    at, who, why = (
        (header(record.headers, each) or b"").decode(errors="backslashreplace")
        for each in (LiftHeader.AT, LiftHeader.WHO, LiftHeader.WHY)
    )
    said = {"kind": word.kind, "target": word.target, "value": None, "at": at, "until": None, "who": who, "why": why}
    return {"said": "lifted", **said}


def _show(rows: list[Row], as_json: bool, nothing: str) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif rows:
        table = Table(box=None, pad_edge=False)
        for name in rows[0]:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console = Console(markup=False, highlight=False)
        if not console.is_terminal:  # a target must not be broken where it is copied from
            unbounded = console.options.update(max_width=sys.maxsize)
            console.width = max(console.width, console.measure(table, options=unbounded).maximum)
        console.print(table)
    else:
        click.echo(nothing, err=True)
