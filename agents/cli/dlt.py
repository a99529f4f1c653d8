"""``churn-alerts dlt``: what was refused and why, and sending it again once the cause is mended (A3)."""

import heapq
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import click

from agents.batches.reader import Reader, reading
from agents.command_line import Place, Since, run_or_stop, settings_or_stop
from agents.connection import kafka_options
from agents.dead_letters import Letter, NotAgain, Requeue, Wanted, letter_at, letters, original
from agents.settings import Settings
from schemas.reject import RejectReason

PLACE = Place("; `churn-alerts dlt list` shows them")
REASON = click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([reason.value for reason in RejectReason]),
    help="Only these; may be repeated.",
)
SINCE = click.option("--since", type=Since(), help="Only those refused then or later: a time, or an age (2h, 7d).")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group()
def command() -> None:
    """Look at refused records (the dead-letter topic), and send them again."""


@command.command("list")
@REASON
@SINCE
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most the newest so many."
)
@JSON
def list_(reasons: Sequence[str], since: datetime | None, limit: int, as_json: bool) -> None:
    """Print the newest letters, oldest first: where the letter stands, when, why, where the record stood, its key."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            found = [each async for each in _newest(settings, reader, _wanted(reasons, since), limit)]
        for letter in found:
            click.echo(_json(letter) if as_json else _line(letter))
        if not found and not as_json:
            click.echo("no such letters", err=True)

    run_or_stop(work(settings_or_stop()))


@command.command()
@click.argument("place", type=PLACE)
@click.option("--raw", is_flag=True, help="Print the record's value alone, byte for byte.")
@click.option(
    "--original",
    "whole",
    is_flag=True,
    help="Read the whole record where it was, as long as its topic keeps it.",
)
@JSON
def show(place: tuple[int, int], raw: bool, whole: bool, as_json: bool) -> None:
    r"""Print one letter with its headers and its value; bytes that are no UTF-8 are shown as \xNN."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            letter = await _at(settings, reader, place)
            if whole:
                letter = await _original(settings, reader, letter)
        if raw:
            click.echo(letter.value or b"", nl=False)
        elif as_json:
            click.echo(_json(letter, whole=True))
        else:
            _show(letter)

    run_or_stop(work(settings_or_stop()))


@command.command()
@click.argument("places", type=PLACE, nargs=-1)
@REASON
@SINCE
@click.option("--all", "every", is_flag=True, help="All there are.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent where.")
def requeue(
    places: Sequence[tuple[int, int]], reasons: Sequence[str], since: datetime | None, every: bool, dry_run: bool
) -> None:
    """Send records again as they came, to the topic they came from: those at PLACES, or those that a filter names.

    Mend the cause first: a record that is still bad becomes another letter. A letter that was cut, or of which
    something was obeyed, is left: its app sends the record anew. Letters stay where they are; a header
    (churn-requeued) names the letter of a record. Twice is no harm while the user's last 16 ids hold the event's own;
    an event that has become too old meanwhile is counted as too late.
    """
    filtered = bool(reasons or since or every)
    if filtered == bool(places):
        raise click.UsageError("give PLACES, or a filter (--reason, --since, --all), and not both")

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader, Requeue(settings) as again:
            wanted = letters(settings, reader, _wanted(reasons, since)) if filtered else _each(settings, reader, places)
            counts = Counter[bool]()
            async for letter in wanted:
                counts[await _requeued(again, letter, dry_run)] += 1
        left = f", {counts[False]} left" if counts[False] else ""
        click.echo(f"{counts[True]} {'would be sent' if dry_run else 'sent'} again{left}")

    run_or_stop(work(settings_or_stop()))


def _wanted(reasons: Sequence[str], since: datetime | None) -> Wanted:
    return Wanted(frozenset(reasons), since) if since else Wanted(frozenset(reasons))


async def _newest(settings: Settings, reader: Reader, wanted: Wanted, limit: int) -> AsyncIterator[Letter]:
    """The newest letters that are wanted, oldest first; never more than so many are kept at once."""
    kept: list[tuple[datetime, int, int, Letter]] = []
    async for letter in letters(settings, reader, wanted):
        entry = (letter.refused_at, letter.partition, letter.offset, letter)
        if len(kept) < limit:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    for *_order, letter in sorted(kept):
        yield letter


async def _each(settings: Settings, reader: Reader, places: Sequence[tuple[int, int]]) -> AsyncIterator[Letter]:
    """The letters at these places; none is sent if one of them is not there."""
    for letter in [await _at(settings, reader, place) for place in dict.fromkeys(places)]:
        yield letter


async def _at(settings: Settings, reader: Reader, place: tuple[int, int]) -> Letter:
    letter = await letter_at(settings, reader, *place)
    if letter is None:
        raise click.ClickException(f"no letter stands at {place[0]}:{place[1]}; `churn-alerts dlt list` shows them")
    return letter


async def _original(settings: Settings, reader: Reader, letter: Letter) -> Letter:
    """The letter with key, value and headers as they are where the record was."""
    record, refusal = await original(settings, reader, letter), letter.refusal
    if record is None:
        where = f"{refusal.topic}[{refusal.partition}] at {refusal.offset}"
        raise click.ClickException(f"{where} is kept no more; without --original the letter shows what is left of it")
    return letter._replace(key=record.key, value=record.value, headers=tuple(record.headers))


async def _requeued(again: Requeue, letter: Letter, dry_run: bool) -> bool:
    try:
        topic, number = await again.target(letter)
        if not dry_run:
            await again.send(letter)
    except NotAgain as why:
        click.echo(f"left     {why}", err=True)
        return False
    click.echo(f"{'would be ' if dry_run else ''}{letter.place} -> {topic}[{number}]  {letter.refusal.reason}")
    return True


def _line(letter: Letter) -> str:
    refusal, at = letter.refusal, letter.refused_at.isoformat(timespec="seconds")
    stood = f"{refusal.topic}[{refusal.partition}]@{refusal.offset}"
    return f"{letter.place}  {at}  {refusal.reason}  {stood}  key {_plain(_text(letter.key))}  {_plain(refusal.detail)}"


def _show(letter: Letter) -> None:
    click.echo(_line(letter))
    click.echo(f"record time  {letter.recorded_at.isoformat() if letter.recorded_at else 'none'}")
    if letter.cut:
        click.echo(f"cut          {letter.cut} bytes; --original reads the whole record, as long as its topic keeps it")
    if letter.obeyed:
        click.echo(f"obeyed       {_plain(letter.obeyed)}")
    for name, value in letter.headers:
        click.echo(f"header       {_plain(name)}: {_plain(_text(value))}")
    click.echo(f"value        {len(letter.value or b'')} bytes")
    click.echo(_plain(_text(letter.value), but="\n\t"))


def _json(letter: Letter, whole: bool = False) -> str:
    r"""Key, headers and value as text, bytes that are no UTF-8 as \xNN; headers and value only of a whole letter."""
    said: dict[str, object] = {
        "partition": letter.partition,
        "offset": letter.offset,
        "refused_at": letter.refused_at.isoformat(),
        "source": letter.refusal._asdict(),
        "key": None if letter.key is None else _text(letter.key),
        "bytes": len(letter.value or b""),
    }
    if whole:
        said["headers"] = [[name, _text(value)] for name, value in letter.headers]
        said["value"] = None if letter.value is None else _text(letter.value)
    return json.dumps(said, ensure_ascii=False)


def _text(raw: bytes | None) -> str:
    """For JSON, which has its own way with what cannot be printed."""
    return "none" if raw is None else raw.decode(errors="backslashreplace")


def _plain(text: str, but: str = "") -> str:
    """For a terminal: what cannot be printed is escaped, for an app's bytes may hold anything."""
    return "".join(each if each.isprintable() or each in but else repr(each)[1:-1] for each in text)
