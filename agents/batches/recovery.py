"""The state of a partition, read anew from its changelog."""

import asyncio
from collections.abc import Iterable

from agents.batches import ledger as ledgers
from agents.batches.batch import TopicPartition
from agents.batches.ledger import Ledger
from agents.batches.reader import Reader
from agents.batches.role import Watch
from agents.batches.table import Table


async def recover(reader: Reader, changelog: str, number: int, table: Table, watch: Watch) -> Ledger:
    """Bring a table to the last stable offset of its changelog partition; returns the ledger that stands there."""
    tp = TopicPartition(changelog, number)
    begin, end = await reader.range_of(tp)
    start = table.position
    if start is not None and start > end:
        raise ledgers.Unreadable(
            f"{changelog}[{number}]", f"ends at {end}, though {start} was applied: it was made anew"
        )
    if start is None or not begin <= start <= end:
        table.clear()
        start = begin
    async for records, position in reader.read(tp, start, end):
        table.apply({r.key: r.value for r in records if r.key is not None}, position)
        watch.point("recovering")
        await asyncio.sleep(0)
    value = table.get(ledgers.KEY)
    return Ledger() if value is None else ledgers.unpack(value)


class Users:
    """The table without the ledger."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, key: bytes, /) -> bytes | None:
        """The role's own record, or None; the ledger's key is nobody's."""
        return None if key == ledgers.KEY else self._table.get(key)

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Every record that is the role's own."""
        return ((key, value) for key, value in self._table.items() if key != ledgers.KEY)
