"""What a tenure hears: news of broadcasts once, orders whole at each opening (on real Kafka: tests/path)."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from agents.batches.barrier import Progress
from agents.batches.batch import Record
from agents.batches.broadcast import Broadcasts
from agents.batches.ledger import Ledger
from agents.batches.role import Config, Nowhere, Watch
from agents.batches.sequence import Broken
from agents.batches.table import MemoryTable
from agents.batches.tenure import Tenure
from streams.role import UserFault
from tests.dispatching import Stood

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Ears:
    """A role and its partition: it keeps what it hears."""

    name, topics, standstill, user_fault = "ears", ("events",), (), UserFault
    first: frozenset[str] = frozenset()
    broadcasts = ("news", "orders")
    orders = frozenset({"orders"})

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[bytes | None]]] = []

    def open(self, number: int, table: object, memo: bytes | None, /) -> "Ears":
        return self

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> tuple[()]:
        self.heard.append((topic, [record.key for record in records]))
        return ()

    def question(self, now: datetime, **how: object) -> None:
        return None


class Stopped:
    def now(self) -> datetime:
        return NOW


def opened(cursors: dict[str, int], position: int) -> tuple[Tenure, Ears]:
    """A tenure whose ledger has these cursors, over two topics with a record of key ``b"0"``, ``b"1"`` … each."""
    ears, broadcasts = Ears(), Broadcasts({}, ["p.news", "p.orders"], lambda: None)
    for topic in ("p.news", "p.orders"):
        broadcasts._take(topic, [Stood(n, 0, b"%d" % n, b"x") for n in range(position)], position)
    config = Config("app", {"bootstrap_servers": "127.0.0.1:1"}, prefix="p.")
    tenure = Tenure(0, ears, config, MemoryTable(), broadcasts, Stopped(), Nowhere(), Watch())  # type: ignore[arg-type]
    tenure._ledger, tenure._partition = Ledger(cursors=cursors), ears  # type: ignore[assignment]
    return tenure, ears


async def test_orders_are_heard_whole_at_each_opening_and_other_news_from_where_they_were_left() -> None:
    tenure, ears = opened({"news": 2, "orders": 2}, 3)
    tenure.reopen()
    await tenure.absorb([], Progress({}, {}))
    assert sorted(ears.heard) == [("news", [b"2"]), ("orders", [b"0", b"1", b"2"])]
    await tenure.absorb([], Progress({}, {}))
    assert len(ears.heard) == 2


async def test_orders_are_heard_also_where_all_of_them_are_forgotten() -> None:
    """An empty hearing says that nothing stands any more."""
    tenure, ears = opened({"orders": 3}, 3)
    tenure._hearing._broadcasts._latest["p.orders"].clear()
    tenure.reopen()
    await tenure.absorb([], Progress({}, {}))
    assert ("orders", []) in ears.heard


async def test_a_topic_of_orders_that_was_made_anew_stops_the_partition_instead_of_lifting_them_all() -> None:
    tenure, _ears = opened({"orders": 9}, 3)
    with pytest.raises(Broken):
        tenure.reopen()
