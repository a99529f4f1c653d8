"""``churn-alerts policy``: is a policy file fit to be used, and which one is it?"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from agents.policy_file import read_policy
from schemas.faults import Fault
from schemas.policy import Policy, PolicyFaults


@click.group()
def command() -> None:
    """Work on policy files."""


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, an object a file.")
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check policy files: print every fault of each, or its name, hash and summary; exit code 1 where any is faulty."""
    reports = [_report(file) for file in files]
    if as_json:
        click.echo(json.dumps(reports, ensure_ascii=False, indent=2, default=str))
    else:
        for report in reports:
            _tell(report)
    sys.exit(1 if any(report["faults"] for report in reports) else 0)


def _report(file: Path) -> dict[str, Any]:
    try:
        return {"file": str(file), **_summary(read_policy(file)), "faults": []}
    except PolicyFaults as found:
        return {"file": str(file), "faults": [dataclasses.asdict(fault) for fault in found.faults]}


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "hash": policy.hash,
        "products": {name: product.horizon_days for name, product in policy.products.items()},
        "events": len(policy.events),
        "channels": [channel.value for channel in policy.channels],
        "playbooks": [playbook.name for playbook in policy.playbooks],
    }


def _tell(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        click.echo(str(Fault(**fault)), err=True)
    if report["faults"]:
        click.echo(f"{report['file']}: {len(report['faults'])} faults", err=True)
        return
    products = ", ".join(f"{name} ({days} d)" for name, days in report["products"].items())
    click.echo(f"{report['file']}: policy {report['name']}, hash {report['hash']}")
    click.echo(f"  products   {products}")
    click.echo(f"  events     {report['events']} names mapped to roles")
    click.echo(f"  channels   {', '.join(report['channels']) or 'none'}")
    click.echo(f"  playbooks  {', '.join(report['playbooks']) or 'none'}")
