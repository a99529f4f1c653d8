"""What one partition hears of the broadcast topics: the news since its cursors, without records that it cannot hear."""

from collections.abc import Mapping

from agents.batches.batch import Record
from agents.batches.broadcast import Broadcasts
from agents.batches.net import ContentFault, Hear, failing

News = Mapping[str, tuple[list[Record], int]]
"""By topic, as the role knows it: the records since the cursor, and the next cursor."""


class Hearing:
    """Cursors into the broadcast topics, as heard; the ledger has them as written down."""

    def __init__(self, broadcasts: Broadcasts, prefix: str, orders: frozenset[str]) -> None:
        self._broadcasts, self._prefix, self._orders = broadcasts, prefix, orders
        self._left_out: set[tuple[str, int]] = set()
        self.cursors: dict[str, int] = {}

    async def read_to_end(self) -> None:
        """Everything that is committed at the time of the call is among the news."""
        await self._broadcasts.read_to_end()

    def start(self, cursors: Mapping[str, int]) -> None:
        """News is what comes after these cursors; of orders it is all that stand.

        A record that was taken back and forgotten is not to be seen from a cursor. Raises
        :class:`agents.batches.sequence.Broken` where a topic was made anew.
        """
        self.cursors = dict(cursors)
        self.news()
        self.cursors |= dict.fromkeys(self._orders, 0)

    def news(self) -> News:
        """What was not heard yet."""
        known = {self._prefix + topic: cursor for topic, cursor in self.cursors.items()}
        found = self._broadcasts.since(known)
        return {
            name: (self._hearable(name, records), cursor)
            for name, (records, cursor) in ((topic.removeprefix(self._prefix), news) for topic, news in found.items())
        }

    def heard(self, news: News) -> dict[str, list[Record]]:
        """The records of the news, which count as heard from here on."""
        self.cursors |= {topic: cursor for topic, (_records, cursor) in news.items()}
        return {topic: records for topic, (records, _cursor) in news.items()}

    def leave_out(self, topic: str, record: Record) -> None:
        """The record is no news, whatever the cursors say."""
        self._left_out.add((topic, record.offset))

    def failing(self, hear: Hear) -> tuple[str, Record, ContentFault] | None:
        """The first record of the news that fails where it is heard; None where none does."""
        return failing({topic: records for topic, (records, _cursor) in self.news().items()}, hear)

    def _hearable(self, topic: str, records: list[Record]) -> list[Record]:
        if not self._left_out:  # as mostly
            return records
        return [record for record in records if (topic, record.offset) not in self._left_out]
