"""What a person sees while the demo runs: a live picture on a terminal, plain lines anywhere else."""

from collections import Counter
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Self

import click
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from agents.demo.seen import Seen
from agents.demo.words import told
from schemas.base import Message
from schemas.decision import Decision
from schemas.outbound import Outbound
from schemas.warning import Warning

KINDS: dict[type[Message], tuple[str, str]] = {
    Warning: ("Warnings", "yellow"),
    Decision: ("Decisions", "cyan"),
    Outbound: ("Messages", "green"),
}
"""What is shown, in this order, under which title and in which colour."""

AROUND = 11
"""Lines of the picture that are not facts."""
FEWEST = 3
NEWS = 3


class Picture(NamedTuple):
    """One moment of the demo: its own time (in the product's zone), and all that can be said of it."""

    at: datetime
    worker: str
    events: int
    events_s: float
    seen: Seen
    where: str


class View(AbstractContextManager["View"]):
    """A way to show pictures, one every ``every_seconds``."""

    every_seconds: float

    def draw(self, picture: Picture) -> None:
        """Show this moment."""
        raise NotImplementedError


class LiveView(View):
    """The whole terminal, drawn anew with every picture; as it was on leaving the ``with`` block."""

    every_seconds = 0.25

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def draw(self, picture: Picture) -> None:
        rows = max(FEWEST, (self._console.height - AROUND) // len(KINDS))
        facts = [_newest(picture.seen, kind, rows) for kind in KINDS]
        self._live.update(Group(_head(picture), *facts), refresh=True)

    def __exit__(self, *_: object) -> None:
        self._live.stop()


class PlainView(View):
    """Lines on standard error: the counts, then of each kind what is new, but not more than a few."""

    every_seconds = 2.0

    def __init__(self) -> None:
        self._told: Counter[type[Message]] = Counter()
        self._where = ""

    def draw(self, picture: Picture) -> None:
        if self._where != picture.where:
            self._where = picture.where
            click.echo(picture.where, err=True)
        click.echo(f"{picture.at:%a %d %b %H:%M}  {counts(picture)}", err=True)
        for kind, (title, _colour) in KINDS.items():
            news = min(picture.seen.totals[kind] - self._told[kind], NEWS)
            for message in list(picture.seen.newest[kind])[-news:] if news else ():
                click.echo(f"    {title[:-1].lower():<9} {told(message)}", err=True)
        self._told = picture.seen.totals.copy()

    def __exit__(self, *_: object) -> None:
        return None


def counts(picture: Picture) -> str:
    """The counts in a line."""
    seen = picture.seen
    return (
        f"worker {picture.worker}  {picture.events:,} events ({picture.events_s:,.0f}/s)"
        f"  {_counted(seen.warnings, 'warnings')}  {_counted(seen.decisions, 'decisions')}"
        f"  {_counted(seen.outbound, 'messages')}"
    )


def _counted(counter: Counter[str], what: str) -> str:
    each = ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
    return f"{counter.total()} {what}" + (f" ({each})" if each else "")


def _head(picture: Picture) -> Panel:
    seen = picture.seen
    lines = [
        f"{picture.at:%A %d %B %H:%M}   worker {picture.worker}   {picture.events:,} events, {picture.events_s:,.0f}/s",
        _counted(seen.warnings, "warnings"),
        _counted(seen.decisions, "decisions"),
        _counted(seen.outbound, "messages"),
        picture.where,
    ]
    return Panel(Text("\n".join(lines)), title="churn-alerts demo", subtitle="Ctrl-C ends it")


def _newest(seen: Seen, kind: type[Message], rows: int) -> Panel:
    title, colour = KINDS[kind]
    lines = [told(message) for message in list(seen.newest[kind])[-rows + 2 :]]
    text = Text("\n".join(reversed(lines)), no_wrap=True, overflow="ellipsis")
    return Panel(text, title=title, border_style=colour, height=rows)
