"""The governor's one partition: counts of all dispatchers in, breakers and leases out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.breaker import Breaker, BreakerState, Counts, Lease
from schemas.channel import Channel
from schemas.policy import Policy
from streams.govern.watch import WATCHES, Watch, after, counted, granted, signal_of
from streams.packed import read_own
from streams.role import Fact, Record, Settled, Table, fact_of


class Governor:
    """A :class:`streams.role.Partition`: breakers move by their table, probes are granted once for all partitions."""

    def __init__(self, policy: Policy, table: Table) -> None:
        self._policy = policy
        self._watches = {Channel(key.decode()): WATCHES.unpack(key.decode(), packed) for key, packed in table.items()}
        self._changed: set[Channel] = set()
        self._outcomes: Counter[str] = Counter()

    def tally(self) -> dict[str, int]:
        """What happened since the last call: ``breaker.<channel>.<state>`` moves, ``probes.<channel>`` granted."""
        outcomes, self._outcomes = dict(self._outcomes), Counter()
        return outcomes

    def states(self) -> dict[Channel, BreakerState]:
        """Every channel's breaker now."""
        return {channel: watch.state for channel, watch in self._watches.items()}

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """The governor listens to no broadcast."""
        return ()

    def question(self, batches: Sequence[tuple[str, Sequence[Record]]], now: datetime) -> None:
        """The governor asks nobody."""
        return

    def answer(self, seen: object) -> None:
        """Nothing was asked."""

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Count what the dispatchers report, move breakers, grant probes; raises :class:`UnreadableRecord`.

        What time moves has moved before the first record, so it does not matter how records are cut into batches.
        """
        return [*self.tick(now), *(fact for record in records for fact in self._apply(read_own(Counts, record), now))]

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
        """Move what only time moves; a channel that was never governed is published as it begins."""
        facts = [self._begin(channel, now) for channel in self._policy.channels if channel not in self._watches]
        return facts + [fact for channel in list(self._watches) for fact in self._move(channel, now)]

    def settle(self) -> Settled:
        """The channels that changed; the governor needs no memo."""
        writes = {channel.value.encode(): WATCHES.pack(self._watches[channel]) for channel in sorted(self._changed)}
        self._changed.clear()
        return Settled(writes, b"")

    def _apply(self, counts: Counts, now: datetime) -> list[Fact]:
        facts: list[Fact] = []
        for tally in counts.tallies:
            if tally.channel not in self._watches:
                facts.append(self._begin(tally.channel, now))
            self._put(tally.channel, counted(self._watches[tally.channel], tally, now, self._policy.breaker))
            facts += self._move(tally.channel, now)
        for channel, wants in counts.wants.items():
            facts += self._grant(channel, counts.partition, wants, now)
        return facts

    def _begin(self, channel: Channel, now: datetime) -> Fact:
        self._put(channel, Watch(now))
        return self._publish(channel, "begun")

    def _move(self, channel: Channel, now: datetime) -> list[Fact]:
        cause = signal_of(self._watches[channel], now, self._policy.breaker)
        if cause is None:
            return []
        self._put(channel, after(self._watches[channel], cause.signal, now))
        return [self._publish(channel, f"{cause.signal}: {cause.words}")]

    def _publish(self, channel: Channel, cause: str) -> Fact:
        watch = self._watches[channel]
        self._outcomes[f"breaker.{channel}.{watch.state}"] += 1
        return fact_of(Breaker(channel=channel, state=watch.state, round=watch.round, since=watch.since, cause=cause))

    def _grant(self, channel: Channel, partition: int, wants: int, now: datetime) -> list[Fact]:
        before = self._watches.get(channel)
        if before is None:
            return []
        watch = granted(before, partition, wants, now, self._policy.breaker)
        if watch.probing is None or before.probing is None or watch is before:
            return []
        self._put(channel, watch)
        self._outcomes[f"probes.{channel}"] += watch.probing.given - before.probing.given
        mine = watch.probing.granted[partition]
        return [fact_of(Lease(channel=channel, partition=partition, round=watch.round, granted=mine, at=now))]

    def _put(self, channel: Channel, watch: Watch) -> None:
        self._watches[channel] = watch
        self._changed.add(channel)
