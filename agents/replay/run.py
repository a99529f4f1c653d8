"""The loop: each event into the health role, what follows into the others, the clock on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import msgspec

from agents.batches.transaction import apply, begin, finish
from agents.replay.book import save
from agents.replay.downstream import Downstream
from agents.replay.folder import POLICY, SNAPSHOTS, STATE, Folder
from agents.replay.summary import summary
from schemas.policy import Policy
from schemas.profile import Profile
from streams.health import HealthPartition
from streams.health.learning.book import reserved
from streams.intake import Event
from streams.role import Fact

SETTLED: Final = 50_000
"""Events after which the states of touched users are packed into the table; only speed and memory hang on it."""
_encode: Final = msgspec.json.Encoder().encode
BEGIN: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Replay:
    """One log under one policy, into one folder. ``everybody`` without a profile of ``profiles`` consents to all."""

    def __init__(
        self,
        policy: Policy,
        folder: Folder,
        *,
        every: timedelta | None = None,
        profiles: Iterable[Profile] = (),
        everybody: bool = False,
    ) -> None:
        self._policy, self._folder, self._every, self._profiles = policy, folder, every, profiles
        (folder.path / POLICY).write_text(policy.model_dump_json(indent=2) + "\n", encoding="utf-8")
        self._delay = timedelta(seconds=policy.intake.watermark_delay_seconds)
        self._table: dict[bytes, bytes] = {}
        self._health = HealthPartition(policy, 0, MappingProxyType(self._table), None)
        self._downstream = Downstream(policy, folder.message, everybody)
        self._memo = b""
        self._tally: Counter[str] = Counter()
        self._wake, self._snapshot = BEGIN, END
        self._first: datetime | None = None
        self._last: datetime | None = None

    async def run(self, events: Iterable[Event], refused: Mapping[str, int] = NOTHING) -> dict[str, Any]:
        """The folder's files hold what follows from these events, which come in order of time; returns the summary.

        ``refused`` counts the records of the history that were no events, by reason.
        """
        self._tally.update({f"reject.{reason}": count for reason, count in refused.items()})
        if refused:
            self._tally["event.rejected"] += sum(refused.values())
        absorb, facts = self._health.absorb, list[Fact]()
        event: Event | None = None
        for number, event in enumerate(events, 1):
            if event.time >= self._wake:
                await self._time_has_come(event.time)
            absorb(event, facts)
            if facts:
                await self._downstream.told(facts, self._processing(event.time))
                facts.clear()
                self._wake_up()
            if number % SETTLED == 0:
                self._settle()
        self._settle()
        self._last = None if event is None else event.time
        return self._summary()

    async def _time_has_come(self, time: datetime) -> None:
        """Everything is done that was due before an event of this time."""
        if self._first is None:
            await self._begin(time)
        while self._every is not None and self._snapshot <= time:
            self._draw(self._snapshot)
            self._snapshot += self._every
        await self._downstream.until(self._processing(time))
        self._wake_up()

    async def _begin(self, time: datetime) -> None:
        self._first = time
        await self._downstream.introduce(self._profiles, self._processing(time))
        if self._every is not None:
            midnight = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            self._snapshot = midnight + self._every

    def _draw(self, at: datetime) -> None:
        """Every user stands in the snapshots as of this moment, which is later than all events so far."""
        self._settle()
        for reading in self._health.readings(at):
            self._folder.line(SNAPSHOTS, _encode(reading))

    def _processing(self, time: datetime) -> datetime:
        """Processing time when an event of this time comes: the watermark, in whole seconds."""
        return time.astimezone(UTC).replace(microsecond=0) - self._delay

    def _wake_up(self) -> None:
        due = self._downstream.due()
        self._wake = min(self._snapshot, END if due is None else due + self._delay)

    def _settle(self) -> None:
        """A transaction whose events were absorbed one by one, each at its own time."""
        begun = begin(self._health, {}, (), BEGIN, due=False)
        settled = finish(self._health, begun, None, BEGIN, due=False).settled
        apply(self._table, settled.writes)
        self._memo = settled.memo
        self._tally.update(self._health.tally())

    def _summary(self) -> dict[str, Any]:
        self._tally.update(self._downstream.tally())
        save(self._folder.path / STATE, self._table, self._memo)
        users = sum(not reserved(key) for key in self._table)
        span = None if self._first is None or self._last is None else (self._first, self._last)
        return summary(self._policy, self._tally, self._folder.lines, span, users, self._downstream)
