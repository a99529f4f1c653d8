"""A record batch can be read whatever the names of its records' headers are."""

from itertools import chain

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as Builder

from agents.batches.wire import KeptRecords, WholeBatches

COMPRESSIONS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class Odd(str):
    """A name as a program writes it that does not know UTF-8."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe" + super().encode()


def batch(*names: str, compression: str = "none") -> bytes:
    """A record a name, each with a value and a second header that says nothing."""
    made = Builder(2, COMPRESSIONS[compression], 0, -1, -1, 0, 1 << 20)
    for number, name in enumerate(names):
        value = b"\xff%d" % number
        made.append(number, 1_000 + number, b"\xffk", value, [(name, b"\xff"), ("b", None)])  # type: ignore[list-item]
    return bytes(made.build())


def read(data: bytes) -> list[tuple[object, ...]]:
    batches, found = WholeBatches(KeptRecords(data)), []
    while batches.has_next():
        found.append(chain.from_iterable(whole.since(0) for whole in batches.next_batch()))
    return [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in chain.from_iterable(found)]


def expected(*names: str) -> list[tuple[object, ...]]:
    return [(n, 1_000 + n, b"\xffk", b"\xff%d" % n, [(name, b"\xff"), ("b", None)]) for n, name in enumerate(names)]


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_name_that_is_not_utf8_is_escaped_and_nothing_else_changed(compression: str) -> None:
    """aiokafka raised UnicodeDecodeError at each fetch: nothing of the partition was ever read again."""
    data = batch("a", Odd("b"), "c", compression=compression)
    assert read(data) == expected("a", "\\xff\\xfeb", "c")


def test_it_is_the_batch_of_the_odd_name_that_is_read_anew() -> None:
    """Of several batches of one fetch."""
    data = batch("a", "b") + batch("c") + batch(Odd("d"), "e") + batch("f")
    wanted = [expected("a", "b"), expected("c"), expected("\\xff\\xfed", "e"), expected("f")]
    assert read(data) == list(chain.from_iterable(wanted))


def test_bytes_of_an_odd_name_do_not_make_a_record_another_type() -> None:
    [(*_, key, value, headers)] = read(batch(Odd("d")))
    assert [type(each) for each in (key, value, headers[0][1])] == [bytes, bytes, bytes]  # type: ignore[index]
