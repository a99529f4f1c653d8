"""Calibration, lift and lead times as pictures."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from bench.quality.ranking import OURS, RIVALS
from bench.quality.replayed import LEVELS

BINS = 10


def draw(path: Path, title: str, rows: pd.DataFrame, leads: Mapping[str, np.ndarray], horizon: int) -> None:
    """One picture of a set: what is drawn lies after the warm-up."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.6))
    _calibration(left, rows)
    _lift(middle, rows)
    _leads(right, leads, horizon)
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _calibration(axes: Axes, rows: pd.DataFrame) -> None:
    """What was said against what came, in tenths of users; a perfect prophet walks the diagonal."""
    tenths = rows.groupby(pd.qcut(rows[OURS].rank(method="first"), BINS, labels=False))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.plot(tenths[OURS].mean(), tenths["absent"].mean(), marker="o")
    axes.set(title="calibration of p_next", xlabel="said", ylabel="came", xlim=(0, 1), ylim=(0, 1))


def _lift(axes: Axes, rows: pd.DataFrame) -> None:
    """Of all who will be absent, how many are among the first so many of a ranking; chance walks the diagonal."""
    share = np.linspace(0, 1, 101)
    for score in (OURS, *RIVALS):
        known = rows[rows[score].notna()]
        if known.empty:
            continue
        ordered = known.sort_values(score, ascending=False, kind="stable")["absent"].to_numpy().cumsum()
        axes.plot(share, np.interp(share, np.linspace(0, 1, len(ordered)), ordered / ordered[-1]), label=score)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.set(title="lift", xlabel="share of active users looked at", ylabel="share of the absent found")
    axes.legend(fontsize="small")


def _leads(axes: Axes, leads: Mapping[str, np.ndarray], horizon: int) -> None:
    """How long before a lapse its first warning came; lapses without one are missing here, and in the table."""
    for level in LEVELS:
        if len(leads[level]):
            axes.hist(
                leads[level], bins=range(min(0, int(leads[level].min())), horizon + 2), histtype="step", label=level
            )
    axes.axvline(7, color="grey", linewidth=0.8)
    axes.set(title="lead time", xlabel="days from the warning to the lapse", ylabel="lapses")
    axes.legend(fontsize="small")
