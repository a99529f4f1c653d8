"""p_next and its rivals at every snapshot: who will have no occasion in the next horizon."""

from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from bench.quality.replayed import EVERY_DAYS, Replayed
from bench.quality.rivals import Boosting, bgnbd, features, frequency, raw_count, recency
from bench.quality.sets import Set
from bench.quality.truth import Truth

OURS: Final = "p_next"
RIVALS: Final = ("recency", "frequency_84", "bgnbd", "boosting", "raw_count")


def ranked(chosen: Set, truth: Truth, replayed: Replayed) -> pd.DataFrame:
    """A row for each user active before each snapshot: day, absent, every score; missing where there is none yet."""
    boosting, tables = Boosting(), list[pd.DataFrame]()
    for day in range(truth.begin + EVERY_DAYS, truth.end - chosen.horizon + 1, EVERY_DAYS):
        table = features(truth, day, chosen.active_days)
        absent = truth.absent(table.index, day, chosen.horizon)
        scored = pd.DataFrame({"day": day, "absent": absent}, index=table.index)
        scored[OURS] = _ours(replayed, day, table.index)
        scored["recency"], scored["frequency_84"] = recency(table), frequency(table)
        scored["raw_count"] = raw_count(table)
        scored["bgnbd"] = bgnbd(truth, day, chosen.horizon, table)
        learned = boosting.score(day, table)
        scored["boosting"] = np.nan if learned is None else learned
        boosting.learn(day + chosen.horizon, table, absent)
        tables.append(scored.reset_index(names="user"))
    return pd.concat(tables, ignore_index=True)


def figures(rows: pd.DataFrame, score: str) -> dict[str, Any]:
    """AUC and average precision: of each snapshot, then their mean; only snapshots where both outcomes came."""
    found = [
        (roc_auc_score(each["absent"], each[score]), average_precision_score(each["absent"], each[score]))
        for _, each in rows.groupby("day")
        if each["absent"].nunique() == 2 and each[score].notna().all()
    ]
    if not found:  # no snapshot, or a rival that has learned nothing yet
        return {"auc": None, "ap": None, "snapshots": 0}
    auc, precision = np.mean(found, axis=0)
    return {"auc": float(auc), "ap": float(precision), "snapshots": len(found)}


def _ours(replayed: Replayed, day: int, users: pd.Index) -> np.ndarray:
    """What the product's snapshot of that day says; every user the log knows stands in it."""
    there = replayed.snapshots[replayed.snapshots["day"] == day].set_index("user")["p_next"]
    scores = there.reindex(users)
    assert scores.notna().all(), f"{scores.isna().sum()} users of day {day} are missing in snapshots.jsonl"
    return scores.to_numpy()
