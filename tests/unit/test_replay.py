"""The command as an operator types it: what it takes, what it refuses and how it says so, what it leaves."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli.replay import command
from agents.replay.labels import Label, scored
from schemas.profile import Profile
from schemas.warning import Level, Warning

SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)


def visit(user: str, day: float, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "ts": (NOON + timedelta(days=day)).isoformat(), "event": "app.opened", **more}


def life() -> list[dict[str, Any]]:
    """Ann comes for 20 days and never again; Bea carries time on for 60."""
    return [visit(user, day) for day in range(60) for user in ("ann", "bea") if user == "bea" or day < 20]


def written(folder: Path, rows: list[dict[str, Any]], name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def replay(log: Path | str, out: Path, *more: str, input: bytes | None = None) -> Result:
    arguments = ["--policy", str(SHOP), "--events", str(log), "--out", str(out), *more]
    return CliRunner().invoke(command, arguments, input=input)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_would_have_been_sent_stands_in_the_files(tmp_path: Path) -> None:
    result = replay(written(tmp_path, life()), tmp_path / "out", "--consent", "all")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    warnings, decisions, outbound = (rows(out / f"{name}.jsonl") for name in ("warnings", "decisions", "outbound"))
    assert [(w["user_id"], w["level"]) for w in warnings] == [
        ("ann", "watch"),
        ("ann", "risk"),
        ("ann", "critical"),
    ]
    assert [d["warning"] for d in decisions] == [w["id"] for w in warnings]
    assert [m["user_id"] for m in outbound] == ["ann"]
    summary = json.loads((out / "summary.json").read_text())
    assert summary == json.loads(result.stdout.splitlines()[-1])
    assert (summary["users"], summary["events"], summary["warnings"]) == (
        2,
        {"applied": 80},
        {"critical": 1, "risk": 1, "watch": 1},
    )
    assert (summary["notes"], summary["held_at_end"]) == ([], 0)


def test_snapshots_have_every_user_at_every_moment(tmp_path: Path) -> None:
    """Ann falls from one to the next, and her parts are what her index lacks."""
    replay(written(tmp_path, life()), tmp_path / "out", "--snapshot-every", "14d")
    seen = rows(tmp_path / "out" / "snapshots.jsonl")
    assert [row["ts"] for row in seen if row["user_id"] == "ann"] == [
        f"2026-{date}T00:00:00Z" for date in ("01-19", "02-02", "02-16", "03-02")
    ]
    ann, bea = ([row for row in seen if row["user_id"] == user] for user in ("ann", "bea"))
    assert [row["stage"] for row in ann] == ["healthy", "healthy", "at_risk", "lapsed"]
    assert [row["index"] for row in ann] == sorted((row["index"] for row in ann), reverse=True)
    assert all(a["p_next"] > b["p_next"] for a, b in zip(ann[1:], bea[1:], strict=True))
    assert all(sum(row["parts"].values()) == 100_000 - row["index"] for row in seen)


def test_without_profiles_nobody_is_messaged_and_the_summary_says_why(tmp_path: Path) -> None:
    result = replay(written(tmp_path, life()), tmp_path / "out")
    summary = json.loads(result.stdout.splitlines()[-1])
    assert set(summary["decisions"]) == {"dropped.no_consent", "dropped.no_playbook"}
    assert "--consent all" in summary["notes"][0]


def test_profiles_hold_from_the_start(tmp_path: Path) -> None:
    profile = Profile(user_id="ann", time=NOON + timedelta(days=99), consent={"wechat": True}, reachable=("wechat",))
    known = tmp_path / "profiles.jsonl"
    known.write_bytes(profile.encode() + b"\n")
    replay(written(tmp_path, life()), tmp_path / "out", "--profiles", str(known))
    assert [m["channel"] for m in rows(tmp_path / "out/outbound.jsonl")] == ["wechat"]


@pytest.mark.parametrize("form", ["gz", "stdin"])
def test_every_form_of_a_log_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    log = written(tmp_path, life())
    replay(log, tmp_path / "plain", "--consent", "all")
    if form == "gz":
        packed = tmp_path / "log.jsonl.gz"
        packed.write_bytes(gzip.compress(log.read_bytes()))
        replay(packed, tmp_path / "other", "--consent", "all")
    else:
        replay("-", tmp_path / "other", "--consent", "all", input=log.read_bytes())
    assert contents(tmp_path / "plain") == contents(tmp_path / "other")
    assert len(contents(tmp_path / "plain")["warnings.jsonl"]) > 0


def test_seconds_and_iso_times_mean_the_same(tmp_path: Path) -> None:
    seconds = [row | {"ts": datetime.fromisoformat(row["ts"]).timestamp()} for row in life()]
    replay(written(tmp_path, life()), tmp_path / "iso")
    replay(written(tmp_path, seconds), tmp_path / "seconds")
    assert contents(tmp_path / "iso") == contents(tmp_path / "seconds")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 3: line = "),
        ("[1]", "line 3: line = "),
        ('{"user_id": "u", "event": "x"}', "line 3: ts is missing; write an ISO time with its offset"),
        ('{"ts": 1767585600, "event": "x"}', "line 3: user_id is missing; write a string of 1 to 256 characters"),
        ('{"user_id": 7, "ts": 1767585600, "event": "x"}', "line 3: user_id = 7 is not right"),
        ('{"user_id": "u", "ts": "yesterday", "event": "x"}', 'line 3: ts = "yesterday" is not right'),
        ('{"user_id": "u", "ts": "2026-03-09T00:00:00", "event": "x"}', 'line 3: ts = "2026-03-09T00:00:00" is not'),
        ('{"user_id": "u", "ts": 1767585600000, "event": "x"}', "seconds since 1970, not milliseconds"),
        ('{"user_id": "u", "ts": "2025-12-31T00:00:00Z", "event": "x"}', "sort the log by time"),
        ('{"user_id": "u", "ts": "1999-12-31T00:00:00Z", "event": "x"}', "line 3: ts = "),
    ],
)
def test_a_bad_line_is_named_with_its_fault_and_fix(tmp_path: Path, line: str, words: str) -> None:
    log = written(tmp_path, [visit("u", 0)])
    log.write_text(log.read_text() + "\n" + line + "\n")
    result = replay(log, tmp_path / "out")
    assert result.exit_code == 1
    assert words in result.output
    assert not (tmp_path / "out" / "summary.json").exists()


def test_a_bad_profile_is_named_with_its_line(tmp_path: Path) -> None:
    bad = tmp_path / "profiles.jsonl"
    bad.write_text('{"user_id": "u"}\n')
    result = replay(written(tmp_path, life()), tmp_path / "out", "--profiles", str(bad))
    assert result.exit_code == 1
    assert f"{bad} line 1: time" in result.output


@pytest.mark.parametrize("days", ["28", "0d", "-1d", "4w"])
def test_a_time_between_snapshots_is_days(tmp_path: Path, days: str) -> None:
    result = replay(written(tmp_path, life()), tmp_path / "out", "--snapshot-every", days)
    assert result.exit_code == 2
    assert "write such as 28d, or never" in result.output


def test_a_log_without_known_events_says_so(tmp_path: Path) -> None:
    result = replay(written(tmp_path, [visit("u", 0) | {"event": "tea.drunk"}]), tmp_path / "out")
    assert "list its event names under [events]" in result.output


def test_an_empty_log_gives_empty_files(tmp_path: Path) -> None:
    assert replay(written(tmp_path, []), tmp_path / "out").exit_code == 0
    assert rows(tmp_path / "out/warnings.jsonl") == []


def test_labels_say_how_right_and_how_early_each_level_was(tmp_path: Path) -> None:
    """Ann was lost after her warning, and Bea without one; what lies before a warning is not foreseen."""
    log = written(tmp_path, life())
    replay(log, tmp_path / "plain")
    warned = {row["level"]: row["at"] for row in rows(tmp_path / "plain/warnings.jsonl")}
    lost = datetime.fromisoformat(warned["risk"]) + timedelta(days=8)
    known = [("ann", lost), ("bea", lost), ("ann", NOON + timedelta(days=1))]
    labels = [{"user_id": user, "churned_at": at.isoformat()} for user, at in known]
    replay(log, tmp_path / "out", "--labels", str(written(tmp_path, labels, "labels.jsonl")))
    found = json.loads((tmp_path / "out/summary.json").read_text())["labels"]
    assert (found["known"], found["levels"]["risk"]["lead_days"]) == (
        3, {"least": 8.0, "median": 8.0, "most": 8.0, "a_week_or_more": 1.0},
    )  # fmt: skip
    risk = found["levels"]["risk"]
    assert (risk["warnings"], risk["right"], risk["precision"], risk["recall"]) == (1, 1, 1.0, 0.3333)
    late = found["levels"]["critical"]
    right = int(datetime.fromisoformat(warned["critical"]) <= lost)
    assert (late["warnings"], late["right"], late["precision"]) == (1, right, float(right))


def test_a_label_that_is_none_is_said_with_its_line(tmp_path: Path) -> None:
    labels = written(tmp_path, [{"user_id": "ann", "churned_at": "2026-01-05T00:00:00"}], "labels.jsonl")
    result = replay(written(tmp_path, life()), tmp_path / "out", "--labels", str(labels))
    assert result.exit_code == 1
    assert "labels.jsonl line 1: line" in result.output
    assert 'write {"user_id": "u1", "churned_at"' in result.output


def test_who_came_back_before_he_was_lost_was_not_foreseen(tmp_path: Path) -> None:
    """Ann was warned of, came back on day 40, and was lost later: that warning was for nothing."""
    log = sorted([*life(), visit("ann", 40)], key=lambda row: row["ts"])
    replay(written(tmp_path, log), tmp_path / "plain")
    warnings = [Warning.decode(line) for line in (tmp_path / "plain/warnings.jsonl").read_bytes().splitlines()]
    over = next(each.at for each in warnings if each.level is Level.RECOVERED)
    for lost, right in ((over - timedelta(hours=1), 1), (over + timedelta(hours=1), 0)):
        assert scored(warnings, [Label("ann", lost)])["levels"]["risk"]["right"] == right
        assert scored(warnings, [Label("ann", lost, "grocery")])["levels"]["risk"]["right"] == 0
