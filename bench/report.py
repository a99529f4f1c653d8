"""Every measurement as a JSON line, the medians as a table, the figures as one object."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

OUT: Final = Path(__file__).parent / "out"
OF_EACH: Final = frozenset({"events_s", "cpu_seconds"})
"""Figures that every contestant has: its name goes before them."""
BESIDE: Final = frozenset({"seconds", "warnings"})
"""Told with a measurement, but no figure of the run."""
VERSIONS: Final = ("faust-streaming", "aiokafka", "quixstreams", "confluent-kafka", "msgspec", "pydantic")


class Bar(NamedTuple):
    """What a figure shall be: a ratio of two of them, or one of them in its unit."""

    figure: str
    limit: float
    against: str | None = None
    at_most: bool = False

    def line(self, figures: Mapping[str, float]) -> tuple[str, str, str, str] | None:
        """Name, value, bar and whether it is met; None when it was not measured."""
        if self.figure not in figures or (self.against and self.against not in figures):
            return None
        value = figures[self.figure] / (figures[self.against] if self.against else 1)
        name = f"{self.figure} / {self.against}" if self.against else self.figure
        met = value <= self.limit if self.at_most else value >= self.limit
        return name, f"{value:,.2f}", f"{'≤' if self.at_most else '≥'} {self.limit:g}", "met" if met else "NOT MET"


BARS: Final = (
    Bar("bare_events_s", 30, "faust_events_s"),
    Bar("bare_events_s", 3, "quix_events_s"),
    Bar("bare_events_s", 1, "loop_events_s"),
    Bar("pipeline_events_s", 50_000),
    Bar("replay_events_s", 100_000),
    Bar("dispatcher_decisions_s", 5_000),
    Bar("growth_1e6_us", 2, "growth_1e4_us", at_most=True),
    Bar("growth_look_1e6_us", 2, "growth_look_1e4_us", at_most=True),
    Bar("state_bytes", 400, at_most=True),
    Bar("latency_p50_ms", 75, at_most=True),
    Bar("latency_p99_ms", 200, at_most=True),
    Bar("breaker_reaction_max_ms", 2_000, at_most=True),
    Bar("control_reaction_max_ms", 1_000, at_most=True),
    Bar("takeover_beyond_session_s", 5, at_most=True),
    Bar("cold_restart_s", 30, at_most=True),
    Bar("warm_restart_s", 5, at_most=True),
)


class Report:
    """Collects measurements; writes each to a file of this run at once."""

    def __init__(self, began: datetime, options: Mapping[str, Any]) -> None:
        OUT.mkdir(exist_ok=True)
        self.path = OUT / f"{began:%Y%m%dT%H%M%SZ}.jsonl"
        self._values: dict[str, list[float]] = defaultdict(list)
        self._console = Console(stderr=True)
        self._write({"run": {**_machine(), "began": began.isoformat(), **options}})

    def add(self, name: str, measured: Mapping[str, Any]) -> None:
        """Keep a measurement: every number of it is a value of the figure of its name."""
        self._write({"measured": name, **measured})
        shown = {key: round(value, 2) for key, value in measured.items()}
        self._console.print(f"{name}: {shown}", highlight=False)
        for key, value in measured.items():
            if key not in BESIDE:
                self._values[f"{name}_{key}" if key in OF_EACH else key].append(value)

    def failed(self, name: str, why: Exception) -> None:
        """Note that a measurement could not be taken, or that its results were wrong."""
        self._write({"failed": name, "why": str(why)})
        self._console.print(f"{name} FAILED: {why}", highlight=False, markup=False, style="red")

    def figures(self) -> dict[str, float]:
        """The median of every figure."""
        return {name: median(values) for name, values in self._values.items()}

    def table(self) -> None:
        """Show medians with their spread, then the bars."""
        self._show(
            ("figure", "median", "least", "most", "n"),
            [
                (name, *(f"{value:,.2f}" for value in (median(all_), min(all_), max(all_))), str(len(all_)))
                for name, all_ in self._values.items()
            ],
        )
        lines = [line for bar in BARS if (line := bar.line(self.figures()))]
        self._show(("bar", "found", "wanted", ""), lines)

    def _show(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*columns)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def _write(self, line: Mapping[str, Any]) -> None:
        with self.path.open("a") as out:
            out.write(json.dumps(line) + "\n")


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "machine": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
    }
