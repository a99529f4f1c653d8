"""``churn-alerts explain``: why a user is where he is, from a replay's folder or from what the workers committed."""

import asyncio
import json
from pathlib import Path

import click
from aiokafka.errors import KafkaError

from agents.explain import Known, replayed, worked
from agents.explain.words import decided, page, traced, warned
from agents.settings import load_settings
from schemas.faults import Faults

LAST: int = 10


@click.command()
@click.argument("user")
@click.option("--product", help="Only this product (default: each that the user was seen in).")
@click.option(
    "--replay", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The --out folder of a replay."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def command(user: str, product: str | None, replay: Path | None, as_json: bool) -> None:
    """Explain a user: health and what it lost, rhythm, stage, levels, warnings and last decisions.

    With --replay as the replay's log ended; else as the workers of these settings have committed it: their changelog is
    read, so they may be anywhere, or down.
    """
    known = _known(user, replay)
    known = known if product is None else known.of(product)
    if not known.portraits:
        where = "this replay" if replay else "the state of the workers"
        about = f" in product {product}" if product else ""
        raise click.ClickException(f"{where} knows no user {user!r}{about}; ids are case-sensitive")
    if as_json:
        click.echo(json.dumps(known.plain(), ensure_ascii=False))
    else:
        _tell(known)


def _known(user: str, replay: Path | None) -> Known:
    try:
        return replayed(replay, user) if replay else asyncio.run(worked(load_settings(), user))
    except (Faults, ValueError) as faults:
        raise click.ClickException(str(faults)) from faults
    except (KafkaError, OSError) as error:
        raise click.ClickException(f"{error}; is a broker running at CHURN_BOOTSTRAP_SERVERS?") from error


def _tell(known: Known) -> None:
    for portrait in known.portraits:
        for line in page(portrait):
            click.echo(line)
    for title, lines in (
        ("warnings", [warned(each) for each in known.warnings[-LAST:]]),
        ("decisions", [decided(each) for each in known.decisions[-LAST:]]),
    ):
        if lines:
            click.echo("\n".join([title, *lines]))
    for line in traced(known.decisions[-1]) if known.decisions else ():
        click.echo(line)
