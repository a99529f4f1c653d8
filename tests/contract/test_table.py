"""What every table promises, whatever it is made of."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.batches.table import MemoryTable, Table
from agents.batches.table.rocksdb import RocksTable

DAY_MS = 24 * 3_600_000
KEYS = st.sampled_from([b"a", b"b", b"\0partition", "用户".encode(), b"\xff"])
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=20), max_size=5)

Open = Callable[[], Table]


@pytest.fixture(params=["memory", "rocksdb"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens an empty table of each kind."""

    def open_table() -> Table:
        if request.param == "memory":
            return MemoryTable()
        return RocksTable(tmp_path_factory.mktemp("store") / "table", lambda: 0, DAY_MS)

    return open_table


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(CHANGES, max_size=6))
def test_a_table_holds_the_newest_of_every_key_and_the_last_position(opened: Open, steps: list[dict]) -> None:
    """Whatever is written, it equals a dictionary that was told the same."""
    table, model = opened(), {}
    for position, changes in enumerate(steps, start=1):
        table.apply(changes, position)
        model |= changes
    kept = {key: value for key, value in model.items() if value is not None}
    assert dict(table.items()) == kept
    assert {key: table.get(key) for key in model} == model
    assert table.position == (len(steps) or None)
    table.close()


def test_a_cleared_table_has_seen_nothing(opened: Open) -> None:
    """It is read anew from the log's beginning."""
    table = opened()
    table.apply({b"a": b"1"}, 7)
    table.clear()
    assert (dict(table.items()), table.position) == ({}, None)
    table.apply({b"b": b"2"}, 1)
    assert (dict(table.items()), table.position) == ({b"b": b"2"}, 1)
    table.close()


def test_a_store_on_disk_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Records and position come back together."""
    first = RocksTable(tmp_path / "t", lambda: 0, DAY_MS)
    first.apply({b"a": b"1", b"b": b"2"}, 5)
    first.apply({b"a": None}, 9)
    first.close()
    second = RocksTable(tmp_path / "t", lambda: DAY_MS, DAY_MS)
    assert (dict(second.items()), second.position) == ({b"b": b"2"}, 9)
    second.close()


def test_a_store_that_may_have_missed_a_deletion_is_emptied(tmp_path: Path) -> None:
    """Kafka has forgotten the tombstones since: going on would bring an erased user back."""
    first = RocksTable(tmp_path / "t", lambda: 0, DAY_MS)
    first.apply({b"a": b"1"}, 5)
    first.close()
    second = RocksTable(tmp_path / "t", lambda: DAY_MS + 1, DAY_MS)
    assert (dict(second.items()), second.position) == ({}, None)
    second.close()
