"""How many of a partition's newest records were refused, and what happens when it is too many (A3).

Over the limit an alert is due; where the policy says stop, the partition stops once, loudly, after the transaction that
passed the limit: what it refused is on the dead-letter topic, and nothing is lost. An operator lets it go on; it stops
again only when the ratio has been well and passes the limit anew, so one word of his covers one bad release.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from schemas.control import EVERY, ControlKind
from schemas.policy import Rejects
from streams.control import read_word
from streams.role import Record


class IntakeStopped(Exception):
    """A partition refuses too much and takes no record until an operator lets it go on."""

    def __init__(self, number: int, kept: "Kept") -> None:
        super().__init__(
            f"intake of partition {number} is stopped: {kept}, over the policy's intake.rejects.limit; see why with "
            f"`churn-alerts dlt list`, then `churn-alerts intake resume --partition {number} --why TEXT`"
        )
        self.number = number


class Move(StrEnum):
    """What may happen to a partition's intake; also metric label values."""

    PASSED = "passed"
    STOPPED = "stopped"
    RESUMED = "resumed"
    CLEARED = "cleared"
    UNHEEDED = "unheeded"
    """An operator lets an intake go on that has not stopped."""
    UNREADABLE = "unreadable"
    """A record on the control topic is not an operator's word, though its key says so."""


class Kept(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a partition remembers: the newest records, those of them refused, and how its intake stands."""

    records: int = 0
    refused: int = 0
    over: bool = False
    stopped: bool = False

    @property
    def ratio(self) -> float:
        """Refused records among the newest, 0 to 1."""
        return self.refused / self.records if self.records else 0.0

    def __str__(self) -> str:
        """In words.

        >>> print(Kept(400, 100))
        100 of the last 400 records refused (25.0 %)
        """
        return f"{self.refused} of the last {self.records} records refused ({self.ratio:.1%})".replace("%)", " %)")


TARGETS: Final = f"{ControlKind.INTAKE}/".encode()


class Rejections:
    """The guard of one partition's intake; when a limit is passed does not depend on how records are cut into batches.

    When the window is full both counts are halved, so that it always holds the last ``window_records`` or half of them.
    A policy that has been changed holds from its first record on: a narrower window, or one that stops nobody.
    """

    def __init__(self, policy: Rejects, number: int, kept: Kept) -> None:
        self.kept = kept
        self._policy, self._number = policy, number
        self._stops = False
        self._targets = {TARGETS + EVERY.encode(), TARGETS + str(number).encode()}
        kept.stopped &= policy.stop
        self._halve()

    def check(self) -> None:
        """Records may come; raises :class:`IntakeStopped` where they may not."""
        if self.kept.stopped:
            raise IntakeStopped(self._number, self.kept)

    def count(self, records: int, refused: Iterable[int]) -> list[Move]:
        """Of so many records, those at these places (from 0, in order) were refused; what that leads to, in order."""
        moves, place = list[Move](), 0
        for each in refused:
            moves += self._accept(each - place)
            moves += self._refuse()
            place = each + 1
        return moves + self._accept(records - place)

    def hear(self, records: Iterable[Record]) -> list[Move]:
        """What operators say to this partition, in order; a word that was taken back says nothing."""
        return [self._told(record) for record in records if record.key in self._targets and record.value is not None]

    def settle(self) -> list[Move]:
        """A stop that was decided holds from the next transaction on: this one commits whatever it is made of."""
        if not self._stops:
            return []
        self._stops, self.kept.stopped = False, True
        return [Move.STOPPED]

    def _told(self, record: Record) -> Move:
        if read_word(record).unreadable:
            return Move.UNREADABLE
        if not self.kept.stopped:
            return Move.UNHEEDED
        self.kept.stopped = False
        return Move.RESUMED

    def _refuse(self) -> list[Move]:
        kept, policy = self.kept, self._policy
        kept.records += 1
        kept.refused += 1
        passed = not kept.over and kept.records >= policy.min_records and kept.ratio > policy.limit
        if passed:
            kept.over, self._stops = True, policy.stop
        self._halve()
        return [Move.PASSED] if passed else []

    def _accept(self, records: int) -> list[Move]:
        """Good records only lower the ratio: it is enough to look when the last of them is counted."""
        kept = self.kept
        while records:
            some = min(records, self._policy.window_records - kept.records)
            kept.records += some
            records -= some
            self._halve()
        if not kept.over or kept.ratio > self._policy.clear:
            return []
        kept.over = False
        return [Move.CLEARED]

    def _halve(self) -> None:
        while self.kept.records >= self._policy.window_records:
            self.kept.records //= 2
            self.kept.refused //= 2
