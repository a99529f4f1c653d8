"""``churn-alerts replay``: history through the production code, under a virtual clock, into files."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from aiokafka.errors import KafkaError

from agents.command_line import BorderType, settings_or_stop
from agents.policy_file import read_policy
from agents.process import calm_collector
from agents.replay import Replay
from agents.replay.consent import profiles as profiles_of
from agents.replay.edge import Border
from agents.replay.folder import Folder
from agents.replay.history import History, of_file, of_topics
from agents.replay.labels import labels as labels_of
from agents.replay.labels import scored
from schemas import topics
from schemas.faults import Faults
from schemas.policy import Policy
from schemas.warning import Warning


class Days(click.ParamType):
    """A whole number of days such as ``28d``, or ``never``."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | None:
        """The time between two snapshots; None for never."""
        if value == "never" or value is None:
            return None
        found = re.fullmatch(r"([1-9]\d{0,3})d", value)
        if found is None:
            self.fail(f"{value!r} is no number of days; write such as 28d, or never", param, ctx)
        return timedelta(days=int(found[1]))


@click.command()
@click.option("--policy", required=True, type=click.Path(path_type=Path), help="The policy file.")
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The log: JSON lines sorted by time, plain or .gz; - is standard input; or a .parquet file.",
)
@click.option("--kafka", is_flag=True, help="Instead of a log: what the event topics of the workers' settings hold.")
@click.option(
    "--from",
    "begin",
    multiple=True,
    type=BorderType(),
    help="The first of --kafka: a record time, or an offset of one partition (may be repeated).",
)
@click.option(
    "--to", "end", multiple=True, type=BorderType(), help="The end of --kafka; it is not in the range itself."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Directory of the results."
)
@click.option(
    "--snapshot-every", "every", type=Days(), default="28d", show_default=True, metavar="DAYS",
    help="How often every user's health is written down: such as 28d, or never.",
)  # fmt: skip
@click.option(
    "--profiles", type=click.Path(exists=True, dir_okay=False), help="Profiles as JSON lines; they hold from the start."
)
@click.option(
    "--consent",
    type=click.Choice(["profiles", "all"]),
    default="profiles",
    show_default=True,
    help="all: who has no profile consents to every channel and can be reached on each.",
)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False),
    help="Who was really lost, as JSON lines: how right and how early each level was stands in the summary.",
)
def command(
    policy: Path,
    events: str | None,
    kafka: bool,
    begin: Sequence[Border],
    end: Sequence[Border],
    out: Path,
    every: timedelta | None,
    profiles: str | None,
    consent: str,
    labels: str | None,
) -> None:
    """Run history through the production code: who would have been warned and messaged, when and why.

    A line of the log is {"user_id", "ts", "event"} and the event's properties; "ts" is ISO 8601 with an offset, or
    seconds since 1970; "product", "id" and "source" may be added. The clock is the log's own. DIR gets warnings.jsonl,
    decisions.jsonl, outbound.jsonl, snapshots.jsonl and summary.json; the same on every run.

    With --kafka the committed records of a range go through the workers' intake and are sorted by event time; what it
    refuses is counted under "rejects". The settings are the workers' own.
    """
    if kafka == (events is not None):
        raise click.UsageError("give --events FILE or --kafka, and not both")
    if (begin or end) and not kafka:
        raise click.UsageError("--from and --to are of --kafka; a file is replayed whole")
    began = time.monotonic()
    try:
        chosen = read_policy(policy)
        source = of_file(events) if events else of_topics(settings_or_stop(), chosen, begin, end)
        summary = _replay(chosen, source, out, every, profiles, consent == "all", labels)
    except Faults as faults:
        raise click.ClickException(str(faults)) from faults
    except KafkaError as error:
        raise click.ClickException(f"{error}; is a broker running at CHURN_BOOTSTRAP_SERVERS?") from error
    except (OSError, EOFError) as error:
        read = f"{events}: {error}; give a readable file" if events else f"Kafka: {error}; run it again"
        raise click.ClickException(read) from error
    _tell(summary, out, time.monotonic() - began)


def _replay(
    policy: Policy,
    source: AbstractContextManager[History],
    out: Path,
    every: timedelta | None,
    profiles: str | None,
    everybody: bool,
    labels: str | None,
) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = stack.enter_context(Folder(out))
        lost = [*labels_of(stack.enter_context(Path(labels).open("rb")), labels)] if labels else None
        known = profiles_of(stack.enter_context(Path(profiles).open("rb")), profiles) if profiles else ()
        replay = Replay(policy, folder, every=every, profiles=known, everybody=everybody)
        calm_collector()
        history = stack.enter_context(source)
        summary = asyncio.run(replay.run(history.events, history.refused))
        if lost is not None:
            summary["labels"] = scored([*map(Warning.decode, folder.messages(topics.WARNINGS))], lost)
        folder.summary(summary)
        return summary


def _tell(summary: dict[str, Any], out: Path, seconds: float) -> None:
    """A few lines for a person on stderr, the summary for a program on stdout."""
    count = sum(summary["events"].values())
    rate = f"{count / seconds:,.0f}" if seconds else "-"
    click.echo(f"{count:,} events in {seconds:.1f} s ({rate} a second) -> {out}", err=True)
    for note in summary["notes"]:
        click.echo(f"note: {note}", err=True)
    click.echo(json.dumps(summary, ensure_ascii=False))
