"""Somebody asks why: the same answer from history and from what a worker keeps."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.explain import command
from tests.flow.test_replay_story import told


def explained(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(command, ["--replay", str(folder), *words])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann came every day for 20 days; Bea came once; Zoe comes every day, and it is day 34."""
    folder = tmp_path_factory.mktemp("history")
    told(folder, {"ann": range(20), "bea": range(7, 8), "zoe": range(35)})
    return folder


@pytest.mark.requirement("G3")
def test_a_warned_user_is_explained_in_words_a_shop_owner_understands(history: Path) -> None:
    """The sentence, the points, the rhythm, the warning and what was done about it."""
    said = explained(history, "ann").output
    assert "ann usually comes every day, has been away 15 days; " in said
    assert " % of such silences last four weeks." in said
    assert "(at_risk, warming up)" in said
    assert "20 days since 2026-01-05, last on 2026-01-24" in said
    assert "watch      has warned, or risk did for it" in said
    assert "risk       warned on 2026-02-0" in said
    assert "rules      level may warn; decline, silence, lapse, shock, collapse wait" in said
    assert said.index("default: risk, health") < said.index("default: risk sent on call")


@pytest.mark.requirement("G3")
def test_json_has_the_figures_behind_the_words(history: Path) -> None:
    known = json.loads(explained(history, "ann", "--json").output)
    [product] = known["products"]
    reading, [_watch, warning] = product["reading"], known["warnings"]
    assert sum(reading["parts"].values()) == 100_000 - reading["index"]
    assert product["warned"]["id"] == warning["id"]
    assert warning["index"] > reading["index"], "her silence went on after the warning"
    assert warning["parts"]["habitual_frequency"] == reading["parts"]["habitual_frequency"]
    assert [level["spoken"] for level in product["levels"]] == [True, True, False]
    rules = {rule["rule"]: (rule["levels"], rule["may_warn"], rule["stands"]) for rule in product["rules"]}
    assert [*rules] == ["level", "decline", "silence", "lapse", "shock", "collapse"]
    assert rules["level"] == (["risk", "critical"], True, False), "a critical warning may follow"
    assert rules["decline"] == (["watch"], False, False), "the risk spoke for it"
    assert warning["evidence"]["baseline"] > warning["index"]
    assert warning["evidence"]["surprise"] > 3
    assert 0.5 < warning["evidence"]["use"] < 1.5
    assert known["decisions"][-1]["warning"] == warning["id"]


@pytest.mark.requirement("G3")
def test_the_last_decision_is_explained_by_its_trace(history: Path, tmp_path: Path) -> None:
    """Ann was called, all stages let it pass; the second who left waits: which stage, why, and until when."""
    ann = explained(history, "ann").output.splitlines()
    assert re.fullmatch(r"    (\d+) of \1 verdicts let it pass", ann[-1])
    told(tmp_path, {"ann": range(20), "gus": range(20), "zoe": range(31)})
    waiting = explained(tmp_path, "ann").output.splitlines()
    place = next(n for n, line in enumerate(waiting) if line.endswith("risk held on call: provider rate"))
    assert re.fullmatch(r"    \w+ hold on call: provider rate.*, until 2026-02-04 03:59", waiting[place + 1])
    assert re.fullmatch(r"    \d+ of \d+ verdicts let it pass", waiting[place + 2])
    assert waiting[place + 3 :] == ["    to be sent at 2026-02-04 03:59 at the earliest"]


def test_who_came_once_and_who_is_here_are_explained_too(history: Path) -> None:
    assert "bea was here once, 27 days ago: too little to know a rhythm." in explained(history, "bea").output
    assert "zoe usually comes every day, was here today; " in explained(history, "zoe").output


def test_a_user_or_product_that_nobody_knows_is_said(history: Path) -> None:
    for words in (["Ann"], ["ann", "--product", "grocery"]):
        result = explained(history, *words)
        assert result.exit_code == 1
        assert "this replay knows no user" in result.output


def test_a_folder_that_is_no_replay_is_said(tmp_path: Path) -> None:
    assert "give the --out folder of a churn-alerts replay that has ended" in explained(tmp_path, "ann").output
