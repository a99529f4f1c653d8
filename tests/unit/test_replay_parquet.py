"""History as Parquet: the same words as lines of JSON, and the same faults."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from agents.replay import parquet as reader
from tests.unit.test_replay import contents, life, replay, visit, written

UTC_MICROSECONDS = pa.timestamp("us", "UTC")


def packed(folder: Path, rows: list[dict[str, Any]], ts: pa.DataType = UTC_MICROSECONDS, **more: Any) -> Path:
    """The rows as columns; a column of times has the type ``ts``."""
    path, names = folder / "log.parquet", {name: None for row in rows for name in row}
    columns = {name: [row.get(name) for row in rows] for name in names}
    if isinstance(columns["ts"][0], str):
        columns["ts"] = pa.array(map(datetime.fromisoformat, columns["ts"]), UTC_MICROSECONDS).cast(ts)
    parquet.write_table(pa.table(columns | more), path)
    return path


def spoken() -> list[dict[str, Any]]:
    """A life in which somebody also says what he thinks, with properties of every kind."""
    said = visit("bea", 30, id="x", source="till", score=2, tags=["a", "ü"], basket={"sum": 1.5, "gift": False})
    return sorted([*life(), said | {"event": "order.rated"}], key=lambda row: row["ts"])


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s"])
def test_a_parquet_file_and_its_lines_give_the_same_bytes(
    tmp_path: Path, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the unit of its times, and across batches."""
    monkeypatch.setattr(reader, "ROWS", 7)
    log, table = written(tmp_path, spoken()), packed(tmp_path, spoken(), pa.timestamp(unit, "UTC"))
    for source, out in ((log, "lines"), (table, "table")):
        assert replay(source, tmp_path / out, "--consent", "all").exit_code == 0
    assert contents(tmp_path / "lines") == contents(tmp_path / "table")
    assert contents(tmp_path / "table")["warnings.jsonl"].count(b"\n") > 2


def test_texts_that_were_stored_as_bytes_are_texts(tmp_path: Path) -> None:
    users = pa.array([row["user_id"].encode() for row in life()], pa.binary())
    replay(written(tmp_path, life()), tmp_path / "lines")
    replay(packed(tmp_path, life(), user_id=users), tmp_path / "table")
    assert contents(tmp_path / "lines") == contents(tmp_path / "table")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"user_id": None}, "row 3: user_id is missing; write a string of 1 to 256 characters"),
        ({"user_id": ""}, 'row 3: user_id = "" is not right'),
        ({"event": None}, "row 3: event is missing"),
        ({"ts": "2025-12-31T00:00:00+00:00"}, "row 3: ts = "),
        ({"ts": "2025-12-31T00:00:00+00:00"}, "of one above; sort the log by time"),
        ({"ts": "1999-12-31T00:00:00+00:00"}, "row 3: ts = "),
    ],
)
def test_a_bad_row_is_named_with_its_fault_and_fix(tmp_path: Path, bad: dict[str, Any], words: str) -> None:
    table = packed(tmp_path, [visit("u", 0), visit("u", 1), visit("u", 2) | bad])
    result = replay(table, tmp_path / "out")
    assert result.exit_code == 1
    assert f"{table} row 3" in result.output
    assert words in result.output
    assert not (tmp_path / "out/summary.json").exists()


@pytest.mark.parametrize("column", ["user_id", "ts", "event"])
def test_a_column_that_is_missing_is_missing_in_the_first_row(tmp_path: Path, column: str) -> None:
    path = packed(tmp_path, life())
    parquet.write_table(parquet.read_table(path).drop_columns([column]), path)
    result = replay(path, tmp_path / "out")
    assert result.exit_code == 1
    assert f"row 1: {column} is missing; write" in result.output


def test_a_time_without_its_zone_is_refused(tmp_path: Path) -> None:
    result = replay(packed(tmp_path, life(), pa.timestamp("us")), tmp_path / "out")
    assert result.exit_code == 1
    assert 'row 1: ts = "2026-01-05T04:00:00" is not right' in result.output
    assert "Parquet: a timestamp with its zone" in result.output


def test_an_empty_file_gives_empty_files(tmp_path: Path) -> None:
    path = packed(tmp_path, life())
    parquet.write_table(parquet.read_table(path).slice(0, 0), path)
    assert replay(path, tmp_path / "out").exit_code == 0
    replay(written(tmp_path, []), tmp_path / "lines")
    assert contents(tmp_path / "out") == contents(tmp_path / "lines")


@pytest.mark.parametrize("content", [b"", b"PAR1", b'{"user_id": "u"}\n' * 20])
def test_what_is_no_parquet_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(content)
    result = replay(path, tmp_path / "out")
    assert result.exit_code == 1
    assert f"{path}: it is no Parquet file" in result.output


def test_a_row_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    users = pa.array([b"\xff" for _ in life()], pa.binary())
    result = replay(packed(tmp_path, life(), user_id=users), tmp_path / "out")
    assert result.exit_code == 1
    assert "a row cannot be read (" in result.output


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, life())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = replay(path, tmp_path / "out")
    assert result.exit_code == 1
    assert "pip install 'churn-alerts[parquet]'" in result.output


def test_decimals_are_numbers(tmp_path: Path) -> None:
    """As in a line of JSON: not texts."""
    score = pa.array([2] * len(life()), pa.decimal128(6, 2))
    table = packed(tmp_path, [row | {"event": "order.rated"} for row in life()], score=score)
    with reader.rows(str(table)) as lines:
        assert b'"score":2.00' in next(lines)


def test_times_are_whole_microseconds_of_utc(tmp_path: Path) -> None:
    midnight, path = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()), tmp_path / "fine.parquet"
    fine = pa.array([midnight * 1_000_000_000 + 1_999], pa.timestamp("ns", "UTC"))
    parquet.write_table(pa.table({"ts": fine}), path)
    with reader.rows(str(path)) as lines:
        assert next(lines) == b'{"ts":"2026-01-05T00:00:00.000001Z"}'
