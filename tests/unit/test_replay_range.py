"""The words of a range, and events put in order of time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from agents.cli.replay import command
from agents.replay.edge import edge
from agents.replay.sorting import Sorter
from agents.settings import Settings
from schemas.faults import Faults
from streams.intake import Event
from tests.unit.test_replay import SHOP, life, replay, written

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def event(number: int, minute: int) -> Event:
    return Event(str(number), "s", "x", NOON + timedelta(minutes=minute), "ü", properties={"n": number, "t": "a\nb"})


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_events_come_by_time_and_those_of_one_time_as_they_came(minutes: list[int], run: int) -> None:
    """However many of them are in memory, and each as it was."""
    events = [event(*one) for one in enumerate(minutes)]
    with Sorter(run) as sorter:
        for each in events:
            sorter.add(each)
        assert list(sorter.events()) == sorted(events, key=lambda each: each.time)


def ranged(out: Path, *words: str) -> Result:
    return CliRunner().invoke(command, ["--policy", str(SHOP), "--out", str(out), *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --events FILE or --kafka, and not both"),
        (["--kafka", "--from", "yesterday"], "'yesterday' is neither a time with its offset"),
        (["--kafka", "--to", "1:x"], "'1:x' is neither a time"),
    ],
)
def test_what_is_no_range_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    result = ranged(tmp_path / "out", *words)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("more", [["--kafka"], ["--from", "7d"], ["--to", "0:9"]])
def test_a_file_is_replayed_whole_and_alone(tmp_path: Path, more: list[str]) -> None:
    assert replay(written(tmp_path, life()), tmp_path / "out", *more).exit_code == 2


def test_borders_are_one_time_and_an_offset_of_each_partition() -> None:
    found = edge("--from", [(0, 7), NOON, (3, 9)], Settings())
    assert (found.at, found.offsets) == (NOON, {0: 7, 3: 9})


def test_borders_that_contradict_each_other_are_all_named() -> None:
    several = Settings(event_topics=("web", "till"))
    with pytest.raises(Faults) as told:
        edge("--to", [NOON, NOON, (1, 2), (1, 3)], several)
    assert [fault.message.split(",")[0] for fault in told.value.faults] == [
        "is a second time", "is a second offset of a partition", "is an offset",
    ]  # fmt: skip


def test_without_a_broker_the_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", "localhost:1")
    result = ranged(tmp_path / "out", "--kafka")
    assert result.exit_code == 1
    assert "is a broker running at CHURN_BOOTSTRAP_SERVERS?" in result.output
