"""What this partition tells the governor: increments a minute and channel, and the probes it wants."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from schemas.breaker import Counts, Tally
from schemas.channel import Channel

PAUSE = timedelta(seconds=1)
"""At most one report in this time: the governor's topic is one partition for all."""


class Row(Struct, array_like=True, gc=False):
    """What was counted of one channel in one minute, about ordinary messages (round 0) or a round's probes."""

    minute: int
    channel: Channel
    round: int
    sends: int = 0
    complaints: int = 0
    failures: int = 0


class Tallies(Struct, array_like=True):
    """What is not reported yet, and when and how often was reported."""

    number: int = 0
    reported: datetime | None = None
    rows: dict[str, Row] = {}

    def row(self, now: datetime, channel: Channel, round: int) -> Row:
        """The row that an increment at ``now`` belongs to."""
        minute = int(now.timestamp()) // 60
        return self.rows.setdefault(f"{minute}/{channel}/{round}", Row(minute, channel, round))

    def may_report(self, now: datetime) -> bool:
        """Whether the last report is long enough ago."""
        return self.reported is None or now >= self.reported + PAUSE

    def report(self, partition: int, wants: Mapping[Channel, int], now: datetime) -> Counts:
        """Everything counted since the last report, which is thereby reported."""
        self.number += 1
        self.reported = now
        rows, self.rows = self.rows, {}
        tallies = tuple(
            Tally(
                minute=row.minute,
                channel=row.channel,
                round=row.round,
                sends=row.sends,
                complaints=row.complaints,
                failures=row.failures,
            )
            for row in rows.values()
        )
        return Counts(partition=partition, number=self.number, at=now, tallies=tallies, wants=dict(wants))
