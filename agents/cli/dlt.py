"""``churn-alerts dlt``: what was refused and why, and sending it again once the cause is mended (A3)."""

import heapq
import io
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import click

from agents.batches.reader import Reader, reading
from agents.command_line import Place, Since, run_or_stop, settings_or_stop
from agents.connection import kafka_options
from agents.dead_letters import Gone, Letter, NotAgain, Requeue, Wanted, letter_at, letters, moment_of, original_of
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a letter may hold what a terminal's encoding has not


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
@click.option("--original", is_flag=True, help="Read the record itself, where it stood: of a letter that was cut.")
@JSON
def show(place: tuple[int, int], raw: bool, original: bool, as_json: bool) -> None:
    r"""Print one letter with its headers and its value; bytes that are no UTF-8 are shown as \xNN."""

    async def work(settings: Settings) -> None:
        async with reading(kafka_options(settings)) as reader:
            letter = await _at(settings, reader, place)
            letter = await _original(settings, reader, letter) if original else letter
        if raw:
            click.echo(letter.value or b"", nl=False)
        elif as_json:
            click.echo(_json(letter, whole=True))
        else:
            _show(letter, original)

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

    Mend the cause first: a record that is still bad becomes another letter. Letters stay where they are; a header
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
    try:
        return await original_of(settings, reader, letter)
    except Gone as gone:
        raise click.ClickException(f"the record of {letter.place} cannot be read: {_plain(str(gone))}") from gone


async def _requeued(again: Requeue, letter: Letter, dry_run: bool) -> bool:
    try:
        topic, number = await again.target(letter)
        if not dry_run:
            await again.send(letter)
    except NotAgain as why:
        click.echo(f"left     {_plain(str(why))}", err=True)
        return False
    reason = _plain(letter.refusal.reason)
    click.echo(f"{'would be ' if dry_run else ''}{letter.place} -> {topic}[{number}]  {reason}")
    return True


def _line(letter: Letter) -> str:
    refusal, at = letter.refusal, letter.refused_at.isoformat(timespec="seconds")
    stood = f"{refusal.topic}[{refusal.partition}]@{refusal.offset}"
    return _plain(f"{letter.place}  {at}  {refusal.reason}  {stood}  key {_text(letter.key)}  {refusal.detail}")


def _show(letter: Letter, original: bool) -> None:
    click.echo(_line(letter))
    refusal = letter.refusal
    click.echo(f"record time  {moment_of(refusal.timestamp).isoformat() if refusal.timestamp >= 0 else 'none'}")
    if refusal.obeyed:
        click.echo(f"obeyed       {_plain(refusal.obeyed)}")
    if original:
        click.echo("original     what follows is the record as it stands on its topic")
    elif refusal.cut:
        click.echo(f"cut          {_plain(refusal.cut)}: dlt show --original {letter.place} reads the whole record")
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
