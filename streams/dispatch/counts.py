"""What this partition tells the governor: increments a minute, by channel and by leased resource, and what it wants."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from schemas.channel import Channel
from schemas.counts import Counts, Draw, Tally
from streams.limits import minute_of

PAUSE = timedelta(seconds=1)
"""At most one report in this time: the governor's topic is one partition for all."""


class Row(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What was counted of one channel in one minute, about ordinary messages (round 0) or a round's probes."""

    minute: int
    channel: Channel
    round: int
    sends: int = 0
    complaints: int = 0
    failures: int = 0


class Drawn(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What was taken from the lease of one resource in one minute, in one round."""

    minute: int
    resource: str
    round: int
    spent: int = 0
    returned: int = 0


class Tallies(Struct, array_like=True, forbid_unknown_fields=True):
    """What is not reported yet, and when and how often was reported."""

    number: int = 0
    reported: datetime | None = None
    rows: dict[str, Row] = {}
    draws: dict[str, Drawn] = {}

    def row(self, now: datetime, channel: Channel, round: int) -> Row:
        """The row that an increment at ``now`` belongs to."""
        minute = minute_of(now)
        return self.rows.setdefault(f"{minute}/{channel}/{round}", Row(minute, channel, round))

    def draw(self, now: datetime, resource: str, round: int) -> Drawn:
        """The row that a draw at ``now`` belongs to."""
        minute = minute_of(now)
        return self.draws.setdefault(f"{minute}/{resource}/{round}", Drawn(minute, resource, round))

    def may_report(self, now: datetime) -> bool:
        """Whether the last report is long enough ago."""
        return self.reported is None or now >= self.reported + PAUSE

    def report(self, partition: int, wants: Mapping[str, int], least: Mapping[str, int], now: datetime) -> Counts:
        """Everything counted since the last report, which is thereby reported."""
        self.number += 1
        self.reported = now
        rows, self.rows = self.rows, {}
        draws, self.draws = self.draws, {}
        return Counts(
            partition=partition,
            number=self.number,
            at=now,
            tallies=tuple(Tally(**_fields(row)) for row in rows.values()),
            draws=tuple(Draw(**_fields(drawn)) for drawn in draws.values()),
            wants=dict(wants),
            least=dict(least),
        )


def _fields(row: Row | Drawn) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
