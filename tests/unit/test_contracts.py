"""Contracts: what is written says what the code says, and every example is one."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from agents.cli.contracts import command
from agents.contracts import documents, drifted
from agents.contracts.messages import MESSAGES
from schemas import topics
from schemas.ids import decision_id, episode_id, message_id, recall_id, warning_id
from schemas.policy import parse_policy
from schemas.reject import RejectReason, dead_letter_headers
from schemas.warning import Level, Warning
from streams.intake import Event, Intake

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/contracts/README.md").read_text()
SHOP = parse_policy((ROOT / "deploy/policies/shop.toml").read_text(), "shop.toml")


class Example(NamedTuple):
    """An example of the page: the message's name, what else the comment says, and the text."""

    name: str
    given: dict[str, str]
    text: str


class Sent(NamedTuple):
    """A record as an app sends it."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    offset: int = 0
    timestamp: int = int(datetime(2026, 3, 2, 12, 15, 5, tzinfo=UTC).timestamp() * 1000)


def examples() -> list[Example]:
    """Every example of the page."""
    found = re.findall(r"<!-- example: (\S+)(.*?) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    return [Example(name, dict(pair.split("=", 1) for pair in given.split()), text) for name, given, text in found]


def example(name: str) -> Any:
    """The first example of a message."""
    return MESSAGES[name].decode(next(each.text for each in examples() if each.name == name).encode())


def test_what_is_written_says_what_the_code_says() -> None:
    """After a change: `churn-alerts contracts write`, and read the diff."""
    assert sorted(map(str, drifted(ROOT))) == []


def test_every_schema_of_the_folder_is_written_from_the_code() -> None:
    assert set((ROOT / "docs/contracts").glob("*.json")) == {
        ROOT / path for path in documents() if path.suffix == ".json"
    }


def test_drift_is_seen_and_mended(tmp_path: Path) -> None:
    """A changed page, a missing one: the check fails, the writing mends it, the check is silent."""
    runner = CliRunner()
    assert runner.invoke(command, ["write", str(tmp_path)]).exit_code == 0
    (tmp_path / "docs/contracts/warning.json").write_text("{}")
    (tmp_path / "docs/metrics.md").unlink()
    failed = runner.invoke(command, ["check", str(tmp_path)])
    assert failed.exit_code == 1
    assert "docs/contracts/warning.json\ndocs/metrics.md" in failed.output
    runner.invoke(command, ["write", str(tmp_path)])
    assert runner.invoke(command, ["check", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("name", [*MESSAGES, "dead-letter-headers"])
def test_every_message_has_an_example(name: str) -> None:
    assert any(each.name == name for each in examples())


@pytest.mark.parametrize("topic", topics.ALL)
def test_the_page_tells_of_every_topic_how_long_it_is_kept(topic: str) -> None:
    (row,) = re.findall(rf"^\| `{re.escape(topic)}` \|.*$", PAGE, re.MULTILINE)
    assert ("| compacted |" in row) == (topic in topics.COMPACTED)


@pytest.mark.parametrize("each", [each for each in examples() if each.name in MESSAGES and each.name != "event"])
def test_an_example_is_read_and_written_again_as_it_stands(each: Example) -> None:
    """No field of an example is unknown, and none is missing."""
    message = MESSAGES[each.name].decode(each.text.encode())
    written, shown = json.loads(message.encode()), json.loads(each.text)
    assert MESSAGES[each.name].model_validate(written) == message
    assert set(shown) <= set(written)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_written_as_pydantic_would(name: str) -> None:
    """Contracts are pydantic's; what it would write is written faster by other means."""
    message = example(name)
    assert message.encode() == message.__pydantic_serializer__.to_json(message, exclude_none=True)


@pytest.mark.parametrize(
    "at", ["2026-03-02T12:00:00Z", "2026-03-02T12:00:00.000001Z", "2026-03-02T12:00:00.5+08:00", "1969-12-31T00:00:00Z"]
)
@pytest.mark.parametrize("cost", [0.0, 1.0, 0.1 + 0.2, 1e-7, 123456789.125])
def test_times_and_numbers_are_written_as_pydantic_would(at: str, cost: float) -> None:
    told = example("outbound").model_dump() | {"at": at, "cost": cost, "parameters": {'\u62d2 "': [None, True, 1, 0.5]}}
    message = MESSAGES["outbound"].model_validate(told)
    assert message.encode() == message.__pydantic_serializer__.to_json(message, exclude_none=True)


def test_the_three_forms_of_an_event_say_the_same() -> None:
    read = []
    for each in examples():
        if each.name == "event":
            headers = [(name, value.encode()) for name, value in each.given.items() if name != "key"]
            read.append(Intake(SHOP).read(Sent(each.given["key"].encode(), each.text.encode(), headers)))
    assert len(read) == 3
    assert isinstance(read[0], Event)
    assert read[0] == read[1] == read[2]


def test_dead_letter_headers_are_those_of_the_code() -> None:
    shown = json.loads(next(each.text for each in examples() if each.name == "dead-letter-headers"))
    made = dead_letter_headers(
        (),
        reason=RejectReason(shown["churn-dlt-reason"]),
        detail=shown["churn-dlt-detail"],
        topic=shown["churn-dlt-topic"],
        partition=int(shown["churn-dlt-partition"]),
        offset=int(shown["churn-dlt-offset"]),
        timestamp=int(shown["churn-dlt-timestamp"]),
    )
    assert {name: value.decode() for name, value in made} == shown


def test_the_ids_of_the_examples_are_those_of_one_story() -> None:
    """One user's silence, its warning, decision and message: every id is what the code makes of what it stands for."""
    warning, decision, outbound, feedback = map(example, ("warning", "decision", "outbound", "feedback"))
    episode = episode_id("u-1001", "default", date(2026, 3, 2))
    recall = recall_id("u-1001", episode, "at_risk")
    assert warning.episode == decision.episode == outbound.episode == episode
    assert warning.id == decision.warning == outbound.warning == warning_id(episode, "risk")
    assert decision.id == decision_id(warning.id, 1)
    assert decision.recall == outbound.recall == recall
    assert outbound.id == feedback.message == message_id(recall, 1)
    assert outbound.policy_hash == SHOP.hash


def test_the_parts_of_the_warnings_sum_to_what_is_missing_from_100() -> None:
    warnings = [Warning.decode(each.text.encode()) for each in examples() if each.name == "warning"]
    assert [warning.level for warning in warnings] == [Level.RISK, Level.RECOVERED]
    assert all(sum(warning.parts.values()) == 100_000 - warning.index for warning in warnings)
