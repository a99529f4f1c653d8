"""What becomes of operators' words, told again in few lines: each has one outcome, or says what stands already."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from agents.driver import Stored
from streams.control import read_word

Standing = tuple[datetime, datetime | None]
"""Since when an order stands, and until when."""


class Words:
    """The orders of an installation, from the records of its control topic alone."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self._stand: dict[str, Standing] = {}

    def hear(self, records: Sequence[Stored], now: datetime) -> None:
        """The newest record of each key holds, in the order in which they were written; then time passes."""
        newest = {record.key: record for record in records}
        for record in sorted(newest.values(), key=lambda each: each.offset):
            self._hear(record, now)
        for key, (_since, until) in list(self._stand.items()):
            if until is not None and until <= now:
                del self._stand[key]
                self._count(key.partition("/")[0], "expired")

    def faults(self, counted: Counter[str], openings: int) -> list[str]:
        """Outcomes that were counted too often or too seldom, where every partition was opened so many times.

        A record that is no word and forbids nothing leaves nothing behind: each opening that finds it counts it again.
        """
        wrong = []
        for name in sorted(counted.keys() | self.counted.keys()):
            least = self.counted[name]
            most = least * openings if name.endswith(".unreadable") else least
            if not least <= counted[name] <= most:
                wrong.append(f"{name}: {counted[name]}, and should be {least} to {most}")
        return wrong

    def _hear(self, record: Stored, now: datetime) -> None:
        word = read_word(record)
        if word.unreadable and word.control is None:
            self._count(word.kind or "unknown", "unreadable")
            return
        said = (word.control.at, word.control.until) if word.control else None
        before = self._stand.get(word.key)
        over = said is not None and said[1] is not None and said[1] <= now
        holds = None if over else said
        if said == before or holds == before:
            return
        self._stand.pop(word.key, None)
        if holds:
            self._stand[word.key] = holds
        taken = "unreadable" if word.unreadable else "taken"
        self._count(word.kind or "unknown", "expired" if over else taken if holds else "lifted")

    def _count(self, kind: str, outcome: str) -> None:
        self.counted[f"control.{kind}.{outcome}"] += 1
