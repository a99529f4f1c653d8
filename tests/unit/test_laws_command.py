"""``make laws``: rounds until the time is over, red as soon as a law does not hold, and what it counts."""

import json
import re

import pytest

from tests.laws import __main__ as laws


def test_every_round_has_a_seed_of_its_own_and_the_last_line_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rounds begin until the minutes are over; one that has begun is finished."""
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(laws.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(laws, "round_of", lambda seed, processes, only: laws.Counts(95, 0))
    assert laws.main(["--minutes", "3", "--seed", "7"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"rounds": 3, "seeds": [7, 8, 9], "laws": 285, "failed": 0, "minutes": 4.0}


def test_a_law_that_does_not_hold_ends_it_and_says_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many minutes are left."""
    monkeypatch.setattr(laws, "round_of", lambda seed, processes, only: laws.Counts(95, int(seed == 8)))
    assert laws.main(["--minutes", "60", "--seed", "7"]) == 1
    [*_, again, last] = capsys.readouterr().out.splitlines()
    assert "--hypothesis-profile=long --hypothesis-seed=8" in again
    assert json.loads(last)["failed"] == 1


def test_a_round_really_runs_laws_and_one_without_any_is_no_success(capfd: pytest.CaptureFixture[str]) -> None:
    """A misspelt file must not look green."""
    assert laws.round_of(7, 0, ["tests/laws/test_sequence_laws.py"]) == laws.Counts(1, 0)
    assert laws.round_of(7, 0, ["tests/laws/test_no_such_laws.py"]).failed == 1
    capfd.readouterr()


def test_the_command_lines_of_the_docs_are_taken() -> None:
    """Options and paths that a page names are there."""
    pages = "\n".join(page.read_text() for page in (laws.ROOT / "README.md", laws.ROOT / "docs/faults.md"))
    lines = set(re.findall(r'make laws ARGS="([^"]*)"', pages))
    assert lines
    for line in lines:
        assert all((laws.ROOT / path).exists() for path in laws.asked(line.split()).only)
