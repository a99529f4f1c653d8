"""``churn-alerts control`` before it asks a broker: what is refused of what a person types, and what is shown."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.cli.control import _how_long, _in_force, _show, _told
from agents.clock import SystemClock
from schemas.control import Control, ControlKind, lift_headers
from tests.dispatching import Stood, order

SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("suppress", "u1"), "Missing option '--why'"),
        (("suppress", "u1", "--why", " "), "say something, in at most 1000 characters"),
        (("suppress", "u1", "--why", "x", "--who", "w" * 1001), "say something, in at most 1000 characters"),
        (("suppress", "u" * 257, "--why", "x"), "is longer than 256 characters; expected: whom or what it is about"),
        (("silence", "u1", "--why", "x"), "silence: until is missing; expected: a moment"),
        (("silence", "u1", "--why", "x", "--until", "2020-01-01T00:00Z"), "is not after its time"),
        (("silence", "u1", "--why", "x", "--until", "2099-01-01T00:00"), "is not a time with its offset"),
        (("silence", "u1", "--why", "x", "--for", "1w"), "'1w' is not a duration such as 30m, 2h or 7d"),
        (("silence", "u1", "--why", "x", "--for", "1h", "--until", "2099-01-01T00:00Z"), "--until or --for, and not"),
        (
            ("pause", "risk-whats-knew", "--why", "x"),
            "policy shop has no playbook 'risk-whats-knew'; did you mean 'risk",
        ),
        (("breaker", "smss", "auto", "--why", "x"), "policy shop has no channel 'smss'; did you mean 'sms'?"),
        (("breaker", "sms", "open", "--why", "x"), "'open' is not one of 'forced_open', 'forced_closed'"),
        (("release", "TYPO", "--why", "x"), "\"TYPO\" is not a blast-radius guard: blast, or '*' for all"),
        (("release", "blast", "--why", "x", "--for", "1h"), "No such option"),
        (("lift", "erase", "u1", "--why", "x"), "'erase' is not one of 'intake'"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anything_is_said(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURN_POLICY_PATH", str(SHOP))
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    result = CliRunner().invoke(main, ["control", *words])
    assert result.exit_code != 0
    assert said in result.output


def stood(control: Control) -> Stood:
    return Stood(0, 0, control.key.encode(), control.encode())


def test_history_tells_what_was_ordered_and_who_lifted_it_and_leaves_out_what_is_no_word() -> None:
    ordered = _told(stood(order(ControlKind.SUPPRESS, "u1", NOON)))
    assert ordered is not None
    assert ordered | {"said": "ordered", "kind": "suppress", "target": "u1", "who": "ann", "until": None} == ordered
    lifted = _told(Stood(1, 0, b"suppress/u1", None, lift_headers("b\u00e9a", "asked to", NOON)))
    assert lifted is not None
    assert lifted | {"said": "lifted", "who": "b\u00e9a", "why": "asked to", "at": NOON.isoformat()} == lifted
    assert lifted.keys() == ordered.keys()
    bare = _told(Stood(2, 0, b"suppress/u1", None, (("churn-who", b"\xff"),)))
    assert bare is not None
    assert (bare["who"], bare["at"]) == ("\\xff", "")
    assert _told(Stood(3, 0, b"breaker/push", b"{")) is None
    obeyed = _told(Stood(4, 0, b"suppress/u1", b"{"))
    assert obeyed is not None
    assert obeyed | {"said": "unreadable", "target": "u1", "who": "unknown", "until": None} == obeyed


def test_in_force_is_what_lasts_and_has_not_ended() -> None:
    now = SystemClock().now()
    assert _in_force(order(ControlKind.SUPPRESS, "u1", now))
    assert _in_force(order(ControlKind.SILENCE, "u1", now, until=now + timedelta(hours=1)))
    assert not _in_force(order(ControlKind.SILENCE, "u1", now - timedelta(hours=2), until=now - timedelta(hours=1)))
    assert _in_force(order(ControlKind.BREAKER, "sms", now, value="shadow"))
    assert not _in_force(order(ControlKind.BREAKER, "sms", now, value="auto"))
    assert not _in_force(order(ControlKind.INTAKE, "*", now))


def test_whoever_says_something_is_told_how_long_it_holds() -> None:
    assert _how_long(order(ControlKind.RELEASE, "blast", NOON)) == "once"
    assert _how_long(order(ControlKind.SUPPRESS, "u1", NOON)) == "until it is lifted"
    until = _how_long(order(ControlKind.PAUSE, "*", NOON, until=NOON + timedelta(hours=1)))
    assert until == "until 2026-03-02T13:00:00+00:00"


def test_a_table_shows_every_character_and_json_a_line_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """No markup is read out of what an operator typed, and nothing is cut off."""
    row = {"kind": "pause", "target": "*", "why": "[red]down[/red] " + "x" * 300}
    _show([row, row], True, "nothing")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [row, row]
    _show([row], False, "nothing")
    shown = capsys.readouterr().out
    assert shown.count("x") == 300
    assert "[red]down" in shown
    assert row["why"] in shown, "a row is broken where it is piped"
    _show([], False, "nothing")
    assert capsys.readouterr().err == "nothing\n"
