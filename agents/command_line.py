"""What the commands share: how moments and places are written, and what is printed of faults a person can mend."""

import asyncio
import getpass
import re
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from aiokafka.errors import KafkaError

from agents.batches import ledger as ledgers
from agents.clock import SystemClock
from agents.control import ControlFaults, word
from agents.settings import Settings, load_settings
from schemas.control import WORDS_CHARACTERS, Control, ControlKind
from schemas.faults import Faults
from streams.codec import STANDSTILL

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Words(click.ParamType):
    """What a person says."""

    name = "TEXT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not 1 <= len(said := str(value).strip()) <= WORDS_CHARACTERS:
            self.fail(f"say something, in at most {WORDS_CHARACTERS} characters")
        return said


WHO = click.option("--who", type=Words(), default=getpass.getuser, help="Your name (default: that of your login).")
WHY = click.option("--why", type=Words(), required=True, help="The reason; it is kept with your name and the time.")


class Span(click.ParamType):
    """A duration."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if not (span := _span(value)):
            self.fail(f"{value!r} is not a duration such as 30m, 2h or 7d")
        return span


class Moment(click.ParamType):
    """A time with its offset."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if (at := _moment(value)) is None:
            self.fail(f"{value!r} is not a time with its offset, such as 2026-01-31T09:30:00Z")
        return at


class Since(click.ParamType):
    """A moment: a time with its offset, or how long ago."""

    name = "TIME|AGO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if (ago := _span(value)) is not None:
            return SystemClock().now() - ago
        if (at := _moment(value)) is None:
            self.fail(f"{value!r} is neither a time with its offset (2026-01-31T09:30:00Z) nor an age (30m, 2h, 7d)")
        return at


class Place(click.ParamType):
    """Where a record stands in its topic."""

    name = "PARTITION:OFFSET"

    def __init__(self, fix: str = "") -> None:
        self._fix = fix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d{1,9}:\d{1,18}", value):
            self.fail(f"{value!r} is not PARTITION:OFFSET, such as 3:17{self._fix}")
        partition, offset = value.split(":")
        return int(partition), int(offset)


class BorderType(click.ParamType):
    """Where a range begins or ends: a moment for all partitions, or an offset of one."""

    name = "TIME|AGO|PARTITION:OFFSET"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | tuple[int, int]:
        of_one = isinstance(value, tuple) or re.fullmatch(r"\d+:\d+", str(value))
        return (Place() if of_one else Since()).convert(value, param, ctx)


def _span(value: str) -> timedelta | None:
    """A duration, or None.

    >>> _span("36h"), _span("soon")
    (datetime.timedelta(days=1, seconds=43200), None)
    """
    span = re.fullmatch(r"(\d{1,6})([smhd])", value)
    return timedelta(**{UNITS[span[2]]: int(span[1])}) if span else None


def _moment(value: str) -> datetime | None:
    """A time with its offset that can be written in UTC, or None."""
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def word_or_stop(kind: ControlKind, target: str, who: str, why: str, **more: Any) -> Control:
    """An operator's word, said now; every fault of it is printed, and the command ends with 2."""
    try:
        return word(kind, target, who, why, SystemClock().now(), **more)
    except ControlFaults as faults:
        raise click.UsageError(str(faults)) from faults


def settings_or_stop() -> Settings:
    """The settings; every fault of them is printed, and the command ends with 1."""
    try:
        return load_settings()
    except Faults as faults:
        raise click.ClickException(str(faults)) from faults


def run_or_stop(work: Awaitable[None]) -> None:
    """The work is done; what a person can mend is printed, and the command ends with 1."""

    async def awaited() -> None:
        await work

    try:
        asyncio.run(awaited())
    except Faults as faults:
        raise click.ClickException(str(faults)) from faults
    except (ledgers.Newer, ledgers.Unreadable, *STANDSTILL) as fault:
        raise click.ClickException(str(fault)) from fault
    except BrokenPipeError:  # who reads our output has seen enough
        raise
    except (KafkaError, OSError) as error:
        raise click.ClickException(f"{error}; is a broker running at CHURN_BOOTSTRAP_SERVERS?") from error
