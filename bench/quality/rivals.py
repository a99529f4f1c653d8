"""What else could rank users at a moment, knowing only what lies before it; higher is likelier to be gone."""

from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.quality.truth import Truth

PERIOD_DAYS: Final = 28
DROP: Final = 0.85
SEED: Final = 7


def recency(table: pd.DataFrame) -> np.ndarray:
    """Days since the last occasion."""
    return table["recency"].to_numpy()


def frequency(table: pd.DataFrame) -> np.ndarray:
    """Fewer active days in the last 84."""
    return -table["active_84"].to_numpy()


def raw_count(table: pd.DataFrame) -> np.ndarray:
    """For how many 28-day periods running, up to three, active days were down 15 % or more on the period before."""
    falls = [table[f"period_{n}"] <= DROP * table[f"period_{n + 1}"] for n in range(3)]
    known = [table[f"period_{n + 1}"] > 0 for n in range(3)]
    first, second, third = (fall & some for fall, some in zip(falls, known, strict=True))
    return (first.astype(int) + (first & second) + (first & second & third)).to_numpy()


def features(truth: Truth, day: int, active_days: int) -> pd.DataFrame:
    """A row for every user active lately: what the log said of him before the day."""
    users = truth.active(day, active_days)
    past = truth.days[(truth.days["day"] < day) & truth.days["user"].isin(users)].sort_values(["user", "day"])
    by_user = past.groupby("user")
    first, last, count = by_user["day"].min(), by_user["day"].max(), by_user["day"].size()
    gaps = past.assign(gap=by_user["day"].diff()).groupby("user")["gap"]
    table = pd.DataFrame({"recency": day - last, "tenure": day - first, "repeats": count - 1, "span": last - first})
    table["gap_mean"], table["gap_std"], table["gap_max"] = gaps.mean(), gaps.std(), gaps.max()
    table["gap_last"] = gaps.last()
    table["overdue"] = table["recency"] / table["gap_mean"]
    for days in (7, 14, 28, 56, 84, 168):
        lately = past[past["day"] >= day - days].groupby("user")
        table[f"active_{days}"] = lately.size()
        table[f"amount_{days}"] = lately["amount"].sum()
        table[f"events_{days}"] = lately["events"].sum()
    for number in range(4):
        until = day - number * PERIOD_DAYS
        within = past[(past["day"] >= until - PERIOD_DAYS) & (past["day"] < until)]
        table[f"period_{number}"] = within.groupby("user").size()
    counted = [name for name in table if name.startswith(("active_", "amount_", "events_", "period_"))]
    table[counted] = table[counted].fillna(0)
    return table.reindex(users)


def bgnbd(truth: Truth, day: int, horizon: int, table: pd.DataFrame) -> np.ndarray:
    """The probability of no occasion in the horizon under BG/NBD (Fader, Hardie & Lee 2005), fitted before the day."""
    past = truth.days[truth.days["day"] < day].groupby("user")["day"].agg(["min", "max", "size"])
    x, recent, age = past["size"] - 1, past["max"] - past["min"], day - past["min"]
    r, alpha, a, b = _fit(x.to_numpy(float), recent.to_numpy(float), age.to_numpy(float))
    x, recent, age = (table[name].to_numpy(float) for name in ("repeats", "span", "tenure"))
    gone = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + recent)) ** (r + x), 0.0)
    alive = 1 / (1 + gone)
    return 1 - alive + alive * ((alpha + age) / (alpha + age + horizon)) ** (r + x)


def _fit(x: np.ndarray, recent: np.ndarray, age: np.ndarray) -> np.ndarray:
    """r, α, a, b of greatest likelihood; all users with any occasion, not only those active lately."""

    def loss(logs: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logs)
        one = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        two = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        stays = -(r + x) * np.log(alpha + age)
        more = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recent)
        return -float(np.mean(one + two + np.logaddexp(stays, np.where(x > 0, more, -np.inf))))

    starts = (np.log([1.0, 14.0, 1.0, 5.0]), np.log([0.5, 5.0, 0.5, 2.0]))
    found = [minimize(loss, start, method="L-BFGS-B", bounds=[(-7, 9)] * 4) for start in starts]
    return np.exp(min(found, key=lambda one: one.fun).x)


class Boosting:
    """Gradient boosting on all features, fitted on earlier snapshots whose outcome was known by the day."""

    def __init__(self) -> None:
        self._seen: list[tuple[int, pd.DataFrame, np.ndarray]] = []

    def score(self, day: int, table: pd.DataFrame) -> np.ndarray | None:
        """The probability of absence; None while nothing with both outcomes is known."""
        known = [(rows, absent) for until, rows, absent in self._seen if until <= day]
        absent = np.concatenate([each for _, each in known]) if known else np.array([])
        if len(set(absent)) < 2:
            return None
        model = HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=200, min_samples_leaf=50, random_state=SEED
        ).fit(pd.concat([rows for rows, _ in known]), absent)
        return model.predict_proba(table)[:, 1]

    def learn(self, until: int, table: pd.DataFrame, absent: np.ndarray) -> None:
        """Keep a snapshot, whose outcome is known from the day ``until`` on."""
        self._seen.append((until, table, absent))
