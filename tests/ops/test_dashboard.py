"""The dashboard: Grafana can draw it, what it asks is PromQL, and about what we expose."""

import json
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ops.rules import DASHBOARDS, panels, unknown

VARIABLE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def dashboards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in DASHBOARDS]


def asked() -> list[tuple[str, str]]:
    """Every question with its panel's title; Grafana's own variable has a value that fits."""
    return [
        (f"{panel['title']} {target['refId']}", target["expr"].replace("$__rate_interval", "5m"))
        for path in DASHBOARDS
        for panel in panels(path)
        for target in panel["targets"]
    ]


def parsed(expressions: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Have promtool parse expressions: each as a recording rule of its own."""
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions)]
    path = folder / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    return subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart


def test_there_is_a_dashboard() -> None:
    assert [board["uid"] for board in dashboards()] == ["churn-alerts"]


@pytest.mark.parametrize("board", dashboards(), ids=lambda board: board["uid"])
def test_a_dashboard_takes_its_source_from_a_variable(board: dict[str, Any]) -> None:
    """It is imported anywhere: no panel names a source that only one installation has."""
    [variable] = board["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    drawn = [panel for panel in board["panels"] if panel["type"] != "row"]
    sources = [panel["datasource"] for panel in drawn] + [t["datasource"] for panel in drawn for t in panel["targets"]]
    assert all(source == VARIABLE for source in sources)


@pytest.mark.parametrize("board", dashboards(), ids=lambda board: board["uid"])
def test_panels_lie_side_by_side_under_names_of_their_own(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))
    for name in ("id", "title"):
        assert len({panel[name] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.parametrize(("where", "expr"), asked(), ids=[where for where, _ in asked()])
def test_a_panel_asks_for_what_is_exposed(where: str, expr: str) -> None:
    assert unknown(expr) == []


def test_what_panels_ask_is_promql(tmp_path: Path) -> None:
    checked = parsed([expr for _where, expr in asked()], tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_what_is_not_promql_is_seen(tmp_path: Path) -> None:
    """The check above can fail."""
    assert parsed(["sum by (x) rate(up)"], tmp_path).returncode != 0
