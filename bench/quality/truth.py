"""What really happened, from the log alone: days with an occasion, silences, who lapsed."""

from functools import cached_property

import numpy as np
import pandas as pd


class Truth:
    """A log's days; ``end`` is the first day of which nothing is known."""

    def __init__(self, events: pd.DataFrame) -> None:
        self.days = events.groupby(["user", "day"], as_index=False).agg(events=("at", "size"), amount=("amount", "sum"))
        self.begin, self.end = int(self.days["day"].min()), int(self.days["day"].max()) + 1

    @cached_property
    def first(self) -> pd.Series:
        """Every user's first day with an occasion."""
        return self.days.groupby("user")["day"].min()

    def active(self, day: int, within: int) -> pd.Index:
        """Users with an occasion in the ``within`` days before a day."""
        seen = self.days[(self.days["day"] >= day - within) & (self.days["day"] < day)]
        return pd.Index(seen["user"].unique())

    def absent(self, users: pd.Index, day: int, horizon: int) -> np.ndarray:
        """Whether each user has no occasion from a day on for ``horizon`` days, which must all lie in the log."""
        assert day + horizon <= self.end, "nobody knows yet"
        return ~users.isin(self.active(day + horizon, horizon))

    @cached_property
    def silences(self) -> pd.DataFrame:
        """Every silence: user, ``last`` day with an occasion, ``back`` the next one (infinite: not in the log)."""
        silences = self.days[["user", "day"]].rename(columns={"day": "last"}).sort_values(["user", "last"])
        silences["back"] = silences.groupby("user")["last"].shift(-1, fill_value=np.nan).fillna(np.inf)
        return silences.reset_index(drop=True)
