"""What was warned of, held against what happened; README.md says what each figure means and what it leaves out."""

from typing import Any, Final

import numpy as np
import pandas as pd

from bench.quality.sets import Set
from bench.quality.truth import Truth

EARLY_DAYS: Final = 7
RETURN_DAYS: Final = 28
ACTIVE_DAYS: Final = 28
WEEK: Final = 7
FIGURES: Final = (
    "alerts",
    "alerts_per_1000_week",
    "lapses",
    "warned",
    "warned_7d",
    "warned_7d_of_all",
    "precision",
    "natural_return",
)


def alerts_of(warnings: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """A row for each silence and level that was reached in it: the first warning of that level or a higher one.

    A level that was never given has no rows, not those of the levels above it. With ``back``, the day of the next
    occasion (infinite: none in the log).
    """
    firsts = [
        warnings[warnings["level"] >= level].groupby(["user", "last"], as_index=False)["at"].min().assign(level=level)
        for level in sorted(set(warnings["level"]))
    ]
    alerts = pd.concat(firsts, ignore_index=True).merge(truth.silences, how="left", on=["user", "last"])
    assert alerts["back"].notna().all(), "a warning names a silence that the log does not have"
    return alerts


def figures(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int, end: int) -> dict[str, Any]:
    """The figures of one level (``alerts`` are its own) over the days from ``begin`` to before ``end``."""
    if alerts.empty:
        return dict.fromkeys(FIGURES)
    given = alerts[(alerts["at"] >= begin) & (alerts["at"] < end)]
    month = given[given["at"] + RETURN_DAYS <= truth.end]
    lapses = _lapses(truth, alerts, chosen.horizon + 1, begin, end)
    early = _days_ahead(lapses) >= EARLY_DAYS
    return {
        "alerts": len(given),
        "alerts_per_1000_week": 1000 * len(given) / active_weeks(truth, begin, end),
        "lapses": len(lapses),
        "warned": _share(lapses.loc[lapses["known"], "at"].notna()),
        "warned_7d": _share(early[lapses["known"]]),
        "warned_7d_of_all": _share(early),
        "precision": _precision(truth, given, chosen.horizon + 1),
        "natural_return": _share(month["back"] < month["at"] + RETURN_DAYS),
    }


def strict(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int, end: int) -> dict[str, float | None]:
    """The strictest count: a lapse is a day earlier, of everybody, and leads are whole times of 24 hours."""
    given = alerts[(alerts["at"] >= begin) & (alerts["at"] < end)]
    lapses = _lapses(truth, alerts, chosen.horizon, begin, end)
    return {
        "warned_7d": _share(lapses["lapse"] - lapses["at"] >= EARLY_DAYS),
        "precision": _precision(truth, given, chosen.horizon),
    }


def leads(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int) -> np.ndarray:
    """For every lapse from a day on, how many days before it its first warning came; none where there was none."""
    return _days_ahead(_lapses(truth, alerts, chosen.horizon + 1, begin, truth.end)).dropna().to_numpy()


def active_weeks(truth: Truth, begin: int, end: int) -> float:
    """Active users, summed over the weeks of a time; a week in part counts in part."""
    weeks = ((day, min(end - day, WEEK) / WEEK) for day in range(begin, end, WEEK))
    return sum(len(truth.active(day, ACTIVE_DAYS)) * part for day, part in weeks)


def _lapses(truth: Truth, alerts: pd.DataFrame, length: int, begin: int, end: int) -> pd.DataFrame:
    """Silences that became lapses on a day of this time, ``length`` days after their last occasion.

    With the first warning ``at``, if any, and whether the user was ``known``: had come back once before.
    """
    lapses = truth.silences.assign(lapse=truth.silences["last"] + length)
    within = (lapses["lapse"] >= begin) & (lapses["lapse"] < end) & (lapses["back"] >= lapses["lapse"])
    lapses = lapses.loc[within].assign(known=lapses["last"] > lapses["user"].map(truth.first))
    return lapses.merge(alerts[["user", "last", "at"]], how="left", on=["user", "last"])


def _days_ahead(lapses: pd.DataFrame) -> pd.Series:
    """Calendar days between the day of a lapse's first warning and the lapse; missing without a warning."""
    return lapses["lapse"] - np.floor(lapses["at"])


def _precision(truth: Truth, given: pd.DataFrame, length: int) -> float | None:
    """Of alerts whose lapse would lie in the log, those that came before it and were followed by it."""
    lapse = given["last"] + length
    known = lapse <= truth.end
    return _share(((given["at"] < lapse) & (given["back"] >= lapse))[known])


def _share(found: pd.Series) -> float | None:
    return float(found.mean()) if len(found) else None
