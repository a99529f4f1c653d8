"""What waits for an owner comes out in order, once, and never more at a time than a transaction may hold."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from agents.batches.batch import Batch, TopicPartition
from agents.batches.inbox import Inbox

TP = TopicPartition("events", 0)


def batches(sizes: list[int]) -> list[Batch]:
    """Batches one after the other; each offset ending in 3 is a hole."""
    offsets = iter(offset for offset in range(10_000) if offset % 10 != 3)
    made, prev = [], 0
    for size in sizes:
        records = [SimpleNamespace(offset=next(offsets)) for _ in range(size)]
        made.append(Batch(TP, prev, records[0].offset, records[-1].offset + 1, records, 1, 1))
        prev = made[-1].end
    return made


async def emptied(inbox: Inbox) -> list[list[Batch]]:
    taken = []
    while turn := await inbox.take(0.0):
        taken.append(turn)
    return taken


@given(sizes=st.lists(st.integers(1, 40), max_size=12), limit=st.integers(1, 30))
def test_every_record_comes_once_in_order_in_turns_within_the_limit(sizes: list[int], limit: int) -> None:
    withheld: set[TopicPartition] = set()
    inbox = Inbox(limit, withheld.add, withheld.discard)
    for batch in batches(sizes):
        inbox.put(batch)
    assert bool(withheld) == (sum(sizes) > limit)
    turns = asyncio.run(emptied(inbox))
    assert all(sum(len(batch.records) for batch in turn) <= limit for turn in turns)
    came = [batch for turn in turns for batch in turn]
    assert [r.offset for b in came for r in b.records] == [r.offset for b in batches(sizes) for r in b.records]
    assert all(after.prev == before.end for before, after in pairwise(came))
    assert not withheld
