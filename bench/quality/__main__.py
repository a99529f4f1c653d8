"""``make quality``: see README.md."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import pandas as pd

from bench.quality import alerts as alerting
from bench.quality import plots, ranking, report
from bench.quality.replayed import LEVELS, replay
from bench.quality.sets import SETS, Set, write_log
from bench.quality.truth import Truth

OUT: Final = Path(__file__).parent / "out"
ROOT: Final = Path(__file__).parents[2]


def options() -> argparse.Namespace:
    """The command line."""
    names = ",".join(each.name for each in SETS)
    parser = argparse.ArgumentParser(prog="make quality ARGS=…", description="How good: see bench/quality/README.md")
    parser.add_argument("--only", default=names, help=f"sets to run, of {names}")
    parser.add_argument("--command", type=Path, default=ROOT / ".venv/bin/churn-alerts", help="the product")
    parser.add_argument("--json", action="store_true", help="the last line of the output is one JSON object")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    unknown = set(chosen.only) - {each.name for each in SETS}
    if unknown:
        parser.error(f"--only has {','.join(sorted(unknown))}; choose of {names}")
    return chosen


def measure(chosen: Set, command: Path) -> dict[str, Any]:
    """Everything about one set; log, replay and picture stay in its folder under ``out``."""
    folder = OUT / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    events = chosen.load()
    write_log(events, folder / "log.jsonl")
    replayed, truth = replay(command, folder / "log.jsonl", chosen, folder), Truth(events)
    rows = ranking.ranked(chosen, truth, replayed)
    alerts = alerting.alerts_of(replayed.warnings, truth)
    warm = truth.begin + 2 * chosen.horizon
    later = rows[rows["day"] >= warm]
    leads = {level: alerting.leads(chosen, truth, _of(alerts, level), warm) for level in LEVELS}
    plots.draw(OUT / f"{chosen.name}.png", chosen.name, later, leads, chosen.horizon)
    return {
        "users": int(events["user"].nunique()),
        "events": len(events),
        "snapshot": replayed.snapshot,
        "later": _phase(chosen, truth, later, alerts, warm, truth.end),
        "warm_up": _phase(chosen, truth, rows[rows["day"] < warm], alerts, truth.begin, warm),
    }


def _phase(chosen: Set, truth: Truth, rows: pd.DataFrame, alerts: pd.DataFrame, begin: int, end: int) -> dict[str, Any]:
    """Rankings at the snapshots of a time, and what was warned of in it."""
    return {
        "snapshots": int(rows["day"].nunique()),
        "rows": len(rows),
        "absent": float(rows["absent"].mean()) if len(rows) else None,
        "p_next": ranking.figures(rows, ranking.OURS),
        "rivals": {name: ranking.figures(rows, name) for name in ranking.RIVALS},
        "levels": {level: alerting.figures(chosen, truth, _of(alerts, level), begin, end) for level in LEVELS},
        "strict": alerting.strict(chosen, truth, _of(alerts, "risk"), begin, end),
    }


def _of(alerts: pd.DataFrame, level: str) -> pd.DataFrame:
    return alerts[alerts["level"] == LEVELS.index(level)]


def main() -> int:
    """Run; exit status 1 where the product failed."""
    chosen, found = options(), dict[str, dict[str, Any]]()
    for each in SETS:
        if each.name in chosen.only:
            found[each.name] = measure(each, chosen.command)
            print(report.table(each.name, found[each.name]), flush=True)
    report.write(OUT / "quality.jsonl", found)
    print(f"\npictures and files: {OUT}")
    if chosen.json:
        print(report.last_line(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
