"""One run of the product over a log, as an operator would start it; and what stands in its files."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bench.quality.sets import Set

EVERY_DAYS = 28
LEVELS = ("watch", "risk", "critical")


class Replayed(NamedTuple):
    """The files of a replay as tables; days count from 1970-01-01 UTC."""

    snapshots: pd.DataFrame
    """user, day, p_next, index (0 to 100)."""
    warnings: pd.DataFrame
    """user, level (number in ``LEVELS``), at (days, with fraction), last (day of the silence's last occasion)."""
    snapshot: str
    """The population snapshot that the last warning was read with."""


def replay(command: Path, log: Path, chosen: Set, out: Path) -> Replayed:
    """Run the product; raises ``CalledProcessError`` where it fails."""
    words = [command, "replay", "--policy", chosen.policy, "--events", log, "--out", out]
    subprocess.run([*map(str, words), "--snapshot-every", f"{EVERY_DAYS}d"], check=True, stdout=subprocess.DEVNULL)
    return Replayed(
        _snapshots(out / "snapshots.jsonl"),
        _warnings(out / "warnings.jsonl"),
        _last_snapshot(out / "warnings.jsonl"),
    )


def _snapshots(path: Path) -> pd.DataFrame:
    rows = map(json.loads, path.open())
    kept = ((row["user_id"], _days(row["ts"]), row["p_next"], row["index"] / 1000) for row in rows)
    return pd.DataFrame(kept, columns=["user", "day", "p_next", "index"]).astype({"day": int})


def _warnings(path: Path) -> pd.DataFrame:
    rows = (row for row in map(json.loads, path.open()) if row["level"] in LEVELS)
    kept = (
        (row["user_id"], LEVELS.index(row["level"]), _days(row["at"]), int(_days(row["evidence"]["last_occasion"])))
        for row in rows
    )
    return pd.DataFrame(kept, columns=["user", "level", "at", "last"])


def _last_snapshot(path: Path) -> str:
    *_, last = path.open()
    return str(json.loads(last)["snapshot"])


def _days(text: str) -> float:
    at = pd.Timestamp(text)
    at = at.tz_localize("UTC") if at.tzinfo is None else at
    return at.timestamp() / 86_400
