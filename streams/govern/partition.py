"""The governor's one partition: counts of all dispatchers and operators' words in, breakers and leases out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.control import ControlKind
from schemas.counts import Counts
from schemas.lease import Lease, probes
from schemas.policy import Policy
from schemas.reject import RejectReason
from streams.codec import UnprocessableRecord, read_own
from streams.control import Word, read_word
from streams.dead_letter import dead_letter
from streams.govern.account import Wish
from streams.govern.ledger import Ledger
from streams.govern.signals import Cause, calmed, ordered, signal_of
from streams.govern.watch import WATCHES, Watch, after, counted
from streams.role import Fact, Record, Settled, Table, fact_of

PREFIX = "breaker/"


class Governor:
    """A :class:`streams.role.Partition`: breakers move by their table, what is for all is granted once for all."""

    def __init__(self, policy: Policy, table: Table) -> None:
        stored = [(key.decode(), packed) for key, packed in table.items()]
        self._policy = policy
        self._watches = {
            Channel(name.removeprefix(PREFIX)): WATCHES.unpack(name, packed)
            for name, packed in stored
            if name.startswith(PREFIX)
        }
        self._ledger = Ledger(policy, stored)
        self._changed: set[Channel] = set()
        self._heard = False
        self._outcomes: Counter[str] = Counter()

    def tally(self) -> dict[str, int]:
        """What happened since the last call: ``breaker.<channel>.<state>`` moves, ``lease.<kind>`` leases,
        ``release`` words of an operator.
        """
        outcomes, self._outcomes = dict(self._outcomes), Counter()
        return outcomes

    def states(self) -> dict[Channel, BreakerState]:
        """Every channel's breaker now."""
        return {channel: watch.state for channel, watch in self._watches.items()}

    @property
    def paused(self) -> datetime | None:
        """Since when a run of messages waits for an operator; None while none does."""
        return self._ledger.pulse.paused

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """An operator's word about a breaker or a paused run holds; others are for other roles.

        The first records after opening are all that stand: a breaker of which nothing is said any more is lifted.
        """
        words = [read_word(record) for record in records]
        if not self._heard:
            self._heard, said = True, {word.target for word in words if word.kind is ControlKind.BREAKER}
            words += [Word(ControlKind.BREAKER, channel) for channel in sorted(self._watches) if channel not in said]
        return [fact for word in words for fact in self._obey(word, now)]

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> None:
        """The governor asks nobody."""
        return

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        """It judges no user."""
        return ()

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Count what the dispatchers report, move breakers, grant leases; raises :class:`UnreadableRecord`.

        What time moves has moved before the first record, so it does not matter how records are cut into batches.
        """
        return [*self.tick(now), *(fact for record in records for fact in self._apply(read_own(Counts, record), now))]

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
        """Move and grant what only time moves; a channel that was never governed is published as it begins."""
        facts = [fact for channel in self._policy.channels for fact in self._begun(channel, now)]
        facts += [fact for channel in sorted(self._watches) for fact in self._move(channel, now)]
        return facts + self._leases(self._ledger.tick(now))

    def settle(self) -> Settled:
        """The breakers and accounts that changed; the governor needs no memo."""
        writes = {PREFIX + channel: WATCHES.pack(self._watches[channel]) for channel in sorted(self._changed)}
        self._changed.clear()
        return Settled({name.encode(): packed for name, packed in (writes | self._ledger.settle()).items()}, b"")

    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        """An operator's word that fails goes to the dead letters; counts are of all users and never left out."""
        if topic != topics.CONTROL:
            raise UnprocessableRecord(topic, record.offset, cause) from cause
        return [dead_letter(record, topic, 0, RejectReason.UNPROCESSABLE, repr(cause))]

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        """The governor works for no single user."""
        return ()

    def _apply(self, counts: Counts, now: datetime) -> list[Fact]:
        facts: list[Fact] = []
        for tally in counts.tallies:
            facts += self._begun(tally.channel, now)
            self._put(tally.channel, counted(self._watches[tally.channel], tally, now, self._policy.breaker))
            facts += self._move(tally.channel, now)
        self._ledger.sent(sum(tally.sends for tally in counts.tallies))
        for draw in counts.draws:
            self._ledger.draw(draw)
        for resource, units in counts.wants.items():
            self._ledger.want(resource, counts.partition, Wish(units, counts.least.get(resource, 1)))
        for resource in sorted({draw.resource for draw in counts.draws} | counts.wants.keys()):
            facts += self._leases(self._ledger.grant(resource, now))
        return facts + [fact for channel in sorted(self._watches) for fact in self._probe(channel, now)]

    def _obey(self, word: Word, now: datetime) -> list[Fact]:
        match word.kind:
            case ControlKind.BREAKER if not word.unreadable and word.target in set(Channel):
                return self._order(Channel(word.target), word, now)
            case ControlKind.RELEASE if word.control is not None:
                self._outcomes["release"] += self._ledger.release(word.control.at)
        return []

    def _order(self, channel: Channel, word: Word, now: datetime) -> list[Fact]:
        facts = self._begun(channel, now)
        cause = ordered(self._watches[channel], word.control, now)
        return facts if cause is None else facts + self._shift(channel, cause, now)

    def _begun(self, channel: Channel, now: datetime) -> list[Fact]:
        if channel in self._watches:
            return []
        self._put(channel, Watch(now))
        return [self._publish(channel, "begun")]

    def _move(self, channel: Channel, now: datetime) -> list[Fact]:
        self._put(channel, calmed(self._watches[channel], now, self._policy.breaker))
        cause = signal_of(self._watches[channel], self._ledger.unsent(probes(channel)), now, self._policy.breaker)
        return [] if cause is None else self._shift(channel, cause, now)

    def _shift(self, channel: Channel, cause: Cause, now: datetime) -> list[Fact]:
        before = self._watches[channel]
        watch = after(before, cause.signal, now, self._policy.breaker, cause.until)
        self._put(channel, watch)
        if watch.round != before.round:
            self._ledger.begin(probes(channel), watch.round)
        return [self._publish(channel, f"{cause.signal}: {cause.words}")]

    def _publish(self, channel: Channel, cause: str) -> Fact:
        watch = self._watches[channel]
        self._outcomes[f"breaker.{channel}.{watch.state}"] += 1
        breaker = Breaker(
            channel=channel,
            state=watch.state,
            number=watch.number,
            round=watch.round,
            since=watch.since,
            until=watch.until,
            would=watch.would,
            cause=cause,
        )
        return fact_of(breaker)

    def _probe(self, channel: Channel, now: datetime) -> list[Fact]:
        """The probes of a half-open channel, as far as they are wanted; none is kept for later."""
        watch = self._watches[channel]
        if watch.probing is None:
            return []
        leases = self._ledger.grant_of(probes(channel), self._policy.breaker.probes, 0, now)
        if leases:
            self._put(channel, replace(watch, probing=replace(watch.probing, active=now)))
        return self._leases(leases)

    def _leases(self, leases: Iterable[Lease]) -> list[Fact]:
        self._outcomes.update(f"lease.{lease.resource.partition('/')[0]}" for lease in leases)
        return [fact_of(lease) for lease in leases]

    def _put(self, channel: Channel, watch: Watch) -> None:
        if watch is not self._watches.get(channel):
            self._watches[channel] = watch
            self._changed.add(channel)
