"""The page about metrics: every name, its kind, labels and meaning."""

from prometheus_client import CollectorRegistry

from agents.contracts.table import NOTE, table
from agents.metrics import Metrics

HEAD = """# Metrics

Each role is a process of its own and shows these on its web port under `/metrics`. Labels come from closed lists and
stand at zero from the start, except those marked `…`, which are known at run time only. No label holds anything about
a user. Beside them stand the client library's own for each process: memory, processor time, open files, Python.

Alert rules and a configuration to start from are in [deploy/prometheus](../deploy/prometheus), what to do about an
alert in the [runbook](runbook.md), a dashboard in [deploy/grafana](../deploy/grafana).
"""


def page() -> str:
    """The text of docs/metrics.md."""
    catalogue = Metrics(CollectorRegistry()).catalogue
    rows = [(f"`{entry.name}`", entry.kind, _labels(entry.labels), entry.help) for entry in catalogue]
    return "\n".join([NOTE, "", HEAD, table(("metric", "kind", "labels", "meaning"), rows), ""])


def _labels(labels: dict[str, tuple[str, ...] | None]) -> str:
    """Every label with its values."""
    return "; ".join(f"`{name}`: {'…' if values is None else ', '.join(values)}" for name, values in labels.items())
