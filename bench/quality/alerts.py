"""What was warned of, held against what happened; README.md says what each figure means and what it leaves out."""

from typing import Any, Final

import numpy as np
import pandas as pd

from bench.quality.sets import Set
from bench.quality.truth import Truth

EARLY_DAYS: Final = 7
RETURN_DAYS: Final = 28
WEEK: Final = 7
FIGURES: Final = (
    "alerts",
    "alerts_per_1000_week",
    "lapses",
    "warned",
    "warned_7d",
    "precision",
    "natural_return",
)


def alerts_of(warnings: pd.DataFrame, truth: Truth, horizon: int) -> pd.DataFrame:
    """A row for each silence and level that was reached in it: the first warning of that level or a higher one.

    A level that was never given has no rows, not those of the levels above it. With ``back``, the day of the next
    occasion (infinite: none in the log), and ``lapse``, the day on which the silence became a lapse, or would have.
    """
    firsts = [
        warnings[warnings["level"] >= level].groupby(["user", "last"], as_index=False)["at"].min().assign(level=level)
        for level in sorted(set(warnings["level"]))
    ]
    alerts = pd.concat(firsts, ignore_index=True).merge(truth.silences, how="left", on=["user", "last"])
    assert alerts["back"].notna().all(), "a warning names a silence that the log does not have"
    return alerts.assign(lapse=alerts["last"] + horizon)


def figures(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int, end: int) -> dict[str, Any]:
    """The figures of one level (``alerts`` are its own) over the days from ``begin`` to before ``end``."""
    if alerts.empty:
        return dict.fromkeys(FIGURES)
    given = alerts[(alerts["at"] >= begin) & (alerts["at"] < end)]
    known = given[given["lapse"] <= truth.end]
    right = (known["at"] < known["lapse"]) & (known["back"] >= known["lapse"])
    month = given[given["at"] + RETURN_DAYS <= truth.end]
    came_back = month["back"] < month["at"] + RETURN_DAYS
    lapses = _lapses(truth, chosen.horizon, begin, end).merge(
        alerts[["user", "last", "at"]], how="left", on=["user", "last"]
    )
    lead = lapses["lapse"] - lapses["at"]
    rate = 1000 * len(given) / active_weeks(chosen, truth, begin, end)
    shares = (lead > 0, lead >= EARLY_DAYS, right, came_back)
    return dict(zip(FIGURES, (len(given), rate, len(lapses), *map(_share, shares)), strict=True))


def whole_days(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int, end: int) -> dict[str, float | None]:
    """The milder count: a lapse is H whole days without an occasion, of users who had come back once, leads in days."""
    length = chosen.horizon + 1
    known = alerts[(alerts["at"] >= begin) & (alerts["at"] < end) & (alerts["last"] + length <= truth.end)]
    lapsed = known["last"] + length
    lapses = _lapses(truth, length, begin, end)
    lapses = lapses[lapses["last"] > lapses["user"].map(truth.first)]
    lapses = lapses.merge(alerts[["user", "last", "at"]], how="left", on=["user", "last"])
    return {
        "warned_7d": _share(lapses["lapse"] - np.floor(lapses["at"]) >= EARLY_DAYS),
        "precision": _share((known["at"] < lapsed) & (known["back"] >= lapsed)),
    }


def leads(chosen: Set, truth: Truth, alerts: pd.DataFrame, begin: int) -> np.ndarray:
    """For every lapse from a day on, how many days before it its first warning came; none where there was none."""
    lapses = _lapses(truth, chosen.horizon, begin, truth.end).merge(
        alerts[["user", "last", "at"]], how="inner", on=["user", "last"]
    )
    return (lapses["lapse"] - lapses["at"]).to_numpy()


def active_weeks(chosen: Set, truth: Truth, begin: int, end: int) -> float:
    """Active users, summed over the weeks of a time; a week in part counts in part."""
    weeks = ((day, min(end - day, WEEK) / WEEK) for day in range(begin, end, WEEK))
    return sum(len(truth.active(day, chosen.active_days)) * part for day, part in weeks)


def _lapses(truth: Truth, horizon: int, begin: int, end: int) -> pd.DataFrame:
    """Silences that became lapses on a day of this time, whoever's: also users whom no rule could warn of."""
    lapsed = truth.silences.assign(lapse=truth.silences["last"] + horizon)
    within = (lapsed["lapse"] >= begin) & (lapsed["lapse"] < end) & (lapsed["back"] >= lapsed["lapse"])
    return lapsed.loc[within, ["user", "last", "lapse"]]


def _share(found: pd.Series) -> float | None:
    return float(found.mean()) if len(found) else None
