"""The records of a transaction, each read once, though it is asked about first and judged later."""

from collections.abc import Iterator, Sequence
from typing import TypeVar, cast

from schemas.feedback import Feedback
from schemas.sign import Sign
from schemas.warning import Warning
from streams.codec import read_own
from streams.dispatch.incoming import Refused, read
from streams.role import Record

Own = TypeVar("Own", Warning, Sign)
Batches = Sequence[tuple[str, Sequence[Record]]]


class Reading:
    """What was read since the last :meth:`clear`; an input record may be as large as ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._own: dict[tuple[str, int], Warning | Sign] = {}
        self._reports: dict[int, Feedback | Refused] = {}

    def own(self, model: type[Own], record: Record) -> Own:
        """A message that we wrote ourselves; raises :class:`UnreadableRecord`."""
        place = model.TOPIC, record.offset
        if place not in self._own:
            self._own[place] = read_own(model, record)
        return cast(Own, self._own[place])

    def report(self, record: Record) -> Feedback | Refused:
        """What a messaging system reports, or why it cannot be read."""
        report = self._reports.get(record.offset)
        if report is None:
            report = self._reports[record.offset] = read(Feedback, record, self._max_bytes)
        return report

    def all(self, model: type[Own], batches: Batches) -> Iterator[Own]:
        """Every message of a kind among the records that came."""
        return (self.own(model, each) for topic, records in batches if topic == model.TOPIC for each in records)

    def reports(self, batches: Batches) -> Iterator[Feedback]:
        """Every readable report among them."""
        found = (self.report(each) for topic, records in batches if topic == Feedback.TOPIC for each in records)
        return (each for each in found if isinstance(each, Feedback))

    def clear(self) -> None:
        """The transaction is over."""
        self._own.clear()
        self._reports.clear()
