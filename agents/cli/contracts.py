"""``churn-alerts contracts``: what is written down for others, made from the code."""

from pathlib import Path

import click

from agents import contracts

ROOT = click.argument("root", type=click.Path(file_okay=False, path_type=Path), default=Path("."))


@click.group()
def command() -> None:
    """Write or check docs/contracts/*.json and the pages of policy, settings and metrics."""


@command.command()
@ROOT
def write(root: Path) -> None:
    """Write every document under ROOT (default: here) that does not say what the code says."""
    changed = contracts.write(root)
    for path in changed:
        click.echo(f"written  {path}")
    click.echo(f"{len(changed)} written, {len(contracts.documents()) - len(changed)} were up to date")


@command.command()
@ROOT
def check(root: Path) -> None:
    """Exit with 1 where a document under ROOT (default: here) says something else than the code."""
    drifted = contracts.drifted(root)
    if drifted:
        names = "\n".join(map(str, drifted))
        raise click.ClickException(
            f"not what the code says:\n{names}\nrun `churn-alerts contracts write`, read the diff"
        )
    click.echo(f"{len(contracts.documents())} documents say what the code says")
