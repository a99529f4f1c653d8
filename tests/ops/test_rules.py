"""The alert rules: what they ask exists, each is proved to fire and to clear, each has its chapter in the runbook."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.ops.rules import CASES, ROOT, RULES, Alert, alerts, unknown

SEVERITIES = {"critical", "warning", "info"}
CHAPTER = ("Means", "Users see", "Look first", "Do", "Over when")
RUNBOOK = ROOT / "docs/runbook.md"


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool (Debian's package prometheus has it)."""
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False)


def chapters() -> dict[str, str]:
    """The runbook's chapters by heading."""
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cases(name: str) -> list[bool]:
    """For every look at an alert in promtool's tests, in order of time in each test: whether it must fire."""
    looks = [
        (look["eval_time"], bool(look["exp_samples"]))
        for path in CASES
        for test in yaml.safe_load(path.read_text())["tests"]
        for look in test["promql_expr_test"]
        if f'alertname="{name}"' in look["expr"]
    ]
    return [fires for _time, fires in looks]


def test_prometheus_reads_rules_and_configuration() -> None:
    """``check config`` reads the rule files that the example configuration names: all of them."""
    checked = promtool("check", "config", ROOT / "deploy/prometheus/prometheus.yml")
    assert checked.returncode == 0, checked.stderr
    assert f"{len(RULES)} rule files found" in checked.stdout


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_clear(path: Path) -> None:
    ran = promtool("test", "rules", path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_every_alert_is_seen_quiet_then_firing_then_quiet(alert: Alert) -> None:
    """Promtool's tests show each of them, in this order."""
    assert re.search("FT+F", "".join("FT"[fires] for fires in cases(alert.name)))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: Alert) -> None:
    assert alert.labels["severity"] in SEVERITIES
    assert {"summary", "description", "runbook_url"} == alert.annotations.keys()
    assert alert.annotations["runbook_url"] == f"docs/runbook.md#{alert.name.lower()}"
    missing = [part for part in CHAPTER if f"**{part}" not in chapters().get(alert.name, "")]
    assert missing == []


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_asks_for_what_is_exposed(alert: Alert) -> None:
    assert unknown(alert.expr) == []


def test_alerts_and_chapters_are_the_same_list() -> None:
    """Each alert once, and no chapter about one that is gone."""
    names = [alert.name for alert in alerts()]
    assert len(names) == len(set(names))
    assert set(names) == set(chapters())


def test_series_in_promtools_cases_are_exposed() -> None:
    """A case whose series nobody exposes proves nothing."""
    tests = [test for path in CASES for test in yaml.safe_load(path.read_text())["tests"]]
    assert [fault for test in tests for one in test["input_series"] for fault in unknown(one["series"])] == []


def test_planted_faults_are_seen() -> None:
    """The checks above can fail: a metric, a label and a value that nobody exposes are all named."""
    planted = 'churn_lag_total > 1 and churn_board_up{role="health"} == 0 or churn_breaker_state{state="ajar"} == 1'
    assert unknown(planted) == ["churn_lag_total", "churn_board_up{role}", "churn_breaker_state{state=ajar}"]
    assert unknown('sum(churn_record_wait_seconds_bucket{le="30.0", topic="t"}) / up{job="churn-alerts"}') == []


def test_a_planted_rule_turns_its_case_red(tmp_path: Path) -> None:
    """A rule that asks for another metric no longer fires where promtool's case says it must."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    rules = (RULES[0].parent / "workers.yml").read_text()
    (tmp_path / "rules/workers.yml").write_text(rules.replace("churn_board_up", "churn_redis_up"))
    case = tmp_path / "tests/workers.yml"
    case.write_text((CASES[0].parent / "workers.yml").read_text())
    ran = promtool("test", "rules", case)
    assert ran.returncode != 0
    assert "ChurnBoardAway" in ran.stdout + ran.stderr


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_names_only_labels_that_it_was_seen_to_carry(alert: Alert) -> None:
    """A label that the expression has summed away would leave a hole in the sentence."""
    texts = " ".join(path.read_text() for path in CASES)
    seen = re.findall(rf'count by \(([a-z, ]+)\) \(ALERTS{{alertname="{alert.name}"', texts)
    carried = {label.strip() for labels in seen for label in labels.split(",")}
    named = set(re.findall(r"\$labels\.([a-z_]+)", " ".join(alert.annotations.values())))
    assert named <= carried
