"""Logs: one line of JSON a record, whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from agents.logs import Repeats, configure_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the logs go; the root logger is as it was afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers[:] = []
    stream = io.StringIO()
    configure_logs("info", stream)
    yield stream
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_extra_fields(stream: io.StringIO) -> None:
    logging.getLogger("agents.x").warning("lost %s", "board\nnow", extra={"partition": 3, "why": OSError("x")})
    (line,) = lines(stream)
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "agents.x",
        "message": "lost board\nnow",
        "partition": 3,
        "why": "x",
    }


def test_an_exception_is_part_of_its_line(stream: io.StringIO) -> None:
    try:
        raise LookupError("gone")
    except LookupError:
        logging.getLogger("x").exception("failed")
    (line,) = lines(stream)
    assert line["exception"].endswith("LookupError: gone")


def test_extra_fields_never_replace_the_four_of_every_line(stream: io.StringIO) -> None:
    logging.getLogger("x").info("true", extra={"ts": 0, "level": "none", "logger": "y"})
    (line,) = lines(stream)
    assert (line["level"], line["logger"], line["message"]) == ("info", "x", "true")


def test_what_is_below_the_level_is_not_written_and_configuring_again_writes_once(stream: io.StringIO) -> None:
    configure_logs("warning", stream)
    logging.getLogger("x").info("no")
    logging.getLogger("x").error("yes")
    assert [line["message"] for line in lines(stream)] == ["yes"]


def test_a_line_with_a_count_is_never_left_out(stream: io.StringIO) -> None:
    """Whoever counts has made few lines of many already, and their counts must add up."""
    for _ in range(3):
        logging.getLogger("agents.x").warning("refused: %d", 7, extra={"count": 7})
    assert [line["count"] for line in lines(stream)] == [7, 7, 7]


def test_what_a_library_repeats_is_said_once_and_then_counted(stream: io.StringIO) -> None:
    """A client without its broker says the same hundreds of times a second; ours are told apart by their values."""
    [repeats] = [f for handler in logging.getLogger().handlers for f in handler.filters if isinstance(f, Repeats)]
    for node in range(5):
        logging.getLogger("some.library").error("no connection to %s", node)
        logging.getLogger("agents.x").error("partition %s is lost", node)
    repeats._seconds = 0.0
    logging.getLogger("some.library").error("no connection to %s", 5)
    said = lines(stream)
    assert [line["message"] for line in said if line["logger"] == "some.library"] == [
        "no connection to 0", "no connection to 5"
    ]  # fmt: skip
    assert said[-1]["repeated"] == 4
    assert sum(line["logger"] == "agents.x" for line in said) == 5
