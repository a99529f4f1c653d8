"""What the commands share: how moments and places are written, and what is printed of faults a person can mend."""

import asyncio
import re
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from aiokafka.errors import KafkaError

from agents.clock import SystemClock
from agents.settings import Settings, load_settings
from schemas.faults import Faults

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Since(click.ParamType):
    """A moment: a time with its offset, or how long ago."""

    name = "TIME|AGO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if ago := re.fullmatch(r"(\d{1,6})([smhd])", value):
            return SystemClock().now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.fail(f"{value!r} is neither a time with its offset (2026-01-31T09:30:00Z) nor an age (30m, 2h, 7d)")
        return at.astimezone(UTC)


class Place(click.ParamType):
    """Where a letter stands."""

    name = "PARTITION:OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d{1,9}:\d{1,18}", value):
            self.fail(f"{value!r} is not PARTITION:OFFSET, such as 3:17; `churn-alerts dlt list` shows them")
        partition, offset = value.split(":")
        return int(partition), int(offset)


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
    except (KafkaError, OSError) as error:
        raise click.ClickException(f"{error}; is a broker running at CHURN_BOOTSTRAP_SERVERS?") from error
