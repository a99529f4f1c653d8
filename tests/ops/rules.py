"""The alert rules and the dashboard as data, and which metrics a PromQL expression names."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from prometheus_client import CollectorRegistry

from agents.metrics import Entry, Metrics

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
CASES = sorted((ROOT / "deploy/prometheus/tests").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "deploy/grafana").glob("*.json"))

AROUND = {"job": None, "instance": None}
"""Labels that Prometheus adds to whatever it scrapes."""
FOREIGN = {
    "up": AROUND,
    "process_resident_memory_bytes": AROUND,
    "process_cpu_seconds_total": AROUND,
    "process_start_time_seconds": AROUND,
}
"""Metrics of Prometheus itself and of its client library."""
SUFFIXES = ("_bucket", "_count", "_sum")


class Alert(NamedTuple):
    """One alert rule."""

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def alerts() -> list[Alert]:
    """Every alert rule, file by file."""
    groups = (group for path in RULES for group in yaml.safe_load(path.read_text())["groups"])
    rules = (rule for group in groups for rule in group["rules"])
    return [Alert(each["alert"], each["expr"], each["labels"], each["annotations"]) for each in rules]


def panels(path: Path) -> Iterator[dict[str, Any]]:
    """Every panel of a dashboard that asks something."""
    return (panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row")


def catalogue() -> dict[str, Entry]:
    """Our metrics by name."""
    return {entry.name: entry for entry in Metrics(CollectorRegistry()).catalogue}


def unknown(expr: str) -> list[str]:
    """What an expression names that nobody exposes: metrics, labels in braces, and values of closed labels."""
    known = catalogue()
    found = []
    for name, matchers in re.findall(r"\b((?:churn|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?", expr):
        entry = known.get(name) or known.get(_base(name))
        if entry is None and name not in FOREIGN:
            found.append(name)
            continue
        labels = {**AROUND, **(entry.labels if entry else {}), **({"le": None} if name.endswith("_bucket") else {})}
        found += [f"{name}{{{fault}}}" for fault in _faults(labels, matchers)]
    return found


def _base(name: str) -> str:
    """A histogram by one of its series."""
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


def _faults(labels: Mapping[str, Iterable[str] | None], matchers: str) -> Iterator[str]:
    for label, operator, value in re.findall(r'([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
        if label not in labels:
            yield label
        values = labels.get(label)
        if values is not None and not value.startswith("$"):
            wanted = value.split("|") if "~" in operator else [value]
            yield from (f"{label}={each}" for each in wanted if each not in values)
