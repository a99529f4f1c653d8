"""History told again from a file: the same stories, the same ends, on a clock that is the log's own."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.cli.replay import command
from agents.replay import Replay
from agents.replay.folder import Folder
from agents.replay.log import events
from schemas.channel import Channel
from schemas.policy import ChannelPolicy, Playbook, Policy
from schemas.warning import Level
from tests.flow.story import HOUR, ROOT, SHOP, VISIT, day

CALLS = SHOP.model_copy(
    update={
        "channels": {Channel.CALL: ChannelPolicy(cost=3.0, rate_per_second=1 / 7_200)},
        "playbooks": (
            Playbook(name="ring", levels=(Level.RISK,), channels=(Channel.CALL,), template="ring", priority=1),
        ),
    }
)
"""A person rings people up, one in two hours."""


def told(folder: Path, lives: dict[str, range], policy: Policy = CALLS) -> dict[str, list[dict[str, str]]]:
    """The files that a replay leaves of users who come at 10:00 on these days; by file."""
    visits = sorted((day(number), user) for user, days in lives.items() for number in days)
    log = [json.dumps({"user_id": user, "ts": at.isoformat(), "event": VISIT}).encode() for at, user in visits]
    with Folder(folder) as files:
        replay = Replay(policy, files, every=timedelta(days=28), everybody=True)
        files.summary(asyncio.run(replay.run(events(log, "log"))))
    return {path.stem: [*map(json.loads, path.open())] for path in folder.glob("*.jsonl")}


@pytest.mark.requirement("G1")
def test_history_shows_who_would_have_been_warned_and_called_and_when(tmp_path: Path) -> None:
    """Two leave together: one is called at once; the other waits in line and is called when it is his turn, though
    nobody did anything at that moment.
    """
    files = told(tmp_path, {"ann": range(20), "gus": range(20), "zoe": range(60)})
    risks = [one for one in files["warnings"] if one["level"] == "risk"]
    assert {one["user_id"] for one in risks} == {"ann", "gus"}
    assert [(one["outcome"], one.get("reason")) for one in files["decisions"] if one["level"] == "risk"] == [
        ("sent", None), ("held", "provider_rate"), ("sent", None),
    ]  # fmt: skip
    first, second = (datetime.fromisoformat(one["at"]) for one in files["outbound"])
    assert second - first == 2 * HOUR
    assert [row["stage"] for row in files["snapshots"] if row["user_id"] == "ann"] == ["healthy", "lapsed"]


def test_who_waits_when_the_log_ends_is_not_decided_about(tmp_path: Path) -> None:
    """The log's time is all the time there is."""
    lives = {"ann": range(20), "gus": range(20), "zoe": range(60)}
    whole = told(tmp_path / "whole", lives)
    warned = max(datetime.fromisoformat(one["at"]) for one in whole["warnings"] if one["level"] == "risk")
    lives["zoe"] = range((warned - day(0)).days + 2)
    told(tmp_path / "short", lives)
    summary = json.loads((tmp_path / "short/summary.json").read_text())
    assert (summary["held_at_end"], summary["outbound"], summary["cost"]) == (1, {"call": 1}, 3.0)


def lines(path: Path, rows: Iterable[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    return str(path)


@pytest.mark.requirement("G1")
def test_history_says_why_nobody_was_messaged_what_messages_cost_and_how_right_warnings_were(tmp_path: Path) -> None:
    """Ann and Ian leave alike, and Ian wants no message. Ann is lost after her warning; Zoe is said to be lost, and
    had none. A text of two short messages is paid for twice.
    """
    visits = sorted(
        (day(number), user) for user in ("ann", "ian", "zoe") for number in range(60 if user == "zoe" else 20)
    )
    log = lines(tmp_path / "log", ({"user_id": user, "ts": at, "event": VISIT} for at, user in visits))
    reach = {"time": day(0), "reachable": ["sms"]}
    profiles = lines(
        tmp_path / "profiles",
        ({"user_id": user, "consent": {"sms": user == "ann"}} | reach for user in ("ann", "ian")),
    )
    lost = {"ann": day(50), "zoe": day(50)}
    labels = lines(tmp_path / "labels", ({"user_id": user, "churned_at": at} for user, at in lost.items()))
    policy = tmp_path / "policy.toml"
    shop = (ROOT / "deploy/policies/shop.toml").read_text()
    policy.write_text(shop.replace("打开领取。拒收请回复R", f"打开领取，{'全场可用' * 10}。拒收请回复R"))
    words = ["--policy", str(policy), "--events", log, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(command, [*words, "--profiles", profiles, "--labels", labels])
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    decisions = [*map(json.loads, (tmp_path / "out/decisions.jsonl").open())]
    assert summary["suppressed"]["no_consent"] >= 1
    assert summary["suppressed"] == Counter(one["reason"] for one in decisions if one["outcome"] == "dropped")
    assert "ian" in {one["user_id"] for one in decisions if one.get("reason") == "no_consent"}
    assert {one["user_id"] for one in decisions if one["outcome"] == "sent"} == {"ann"}
    assert list(summary["outbound"]) == ["sms"]
    assert summary["cost"] == SHOP.channels[Channel.SMS].cost * 2 * summary["outbound"]["sms"]
    risk = summary["labels"]["levels"]["risk"]
    [warned] = [
        datetime.fromisoformat(one["at"])
        for one in map(json.loads, (tmp_path / "out/warnings.jsonl").open())
        if (one["user_id"], one["level"]) == ("ann", "risk")
    ]
    assert (risk["warnings"], risk["right"], risk["precision"], risk["recall"]) == (2, 1, 0.5, 0.5)
    assert risk["lead_days"]["median"] == round((day(50) - warned) / timedelta(days=1), 2)
