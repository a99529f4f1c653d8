"""What a partition and the governor tell each other: its words about each channel, our counts and wishes."""

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from schemas import topics
from schemas.breaker import Breaker, BreakerState, Counts, Lease
from schemas.channel import Channel
from streams.control import Order
from streams.dispatch.book import Send
from streams.dispatch.counts import Tallies
from streams.dispatch.queue import Queue
from streams.dispatch.report import Harm
from streams.dispatch.standing import FIRST, Standing, governed, leased
from streams.packed import Packing, read_own
from streams.role import Record


class Governed(Struct, array_like=True):
    """The partition's memo, stored with every transaction."""

    standings: dict[Channel, Standing] = {}
    tallies: Tallies = field(default_factory=Tallies)
    orders: dict[str, Order] = {}
    """Operators' words that stand and are about no user, by kind/target; see :mod:`streams.dispatch.orders`."""

    def hear(self, topic: str, record: Record, partition: int) -> None:
        """The governor's word holds; a lease of another partition is none of ours."""
        if topic == topics.BREAKERS:
            breaker = read_own(Breaker, record)
            self.standings[breaker.channel] = governed(self._standing(breaker.channel), breaker)
        elif (lease := read_own(Lease, record)).partition == partition:
            self.standings[lease.channel] = leased(self._standing(lease.channel), lease)

    def sent(self, send: Send) -> None:
        """A message is counted, and a probe is spent if it was one."""
        self.tallies.row(send.at, send.channel, send.round).sends += 1
        if send.round:
            standing = self.standings[send.channel]
            self.standings[send.channel] = replace(standing, spent=standing.spent + 1)

    def harmed(self, send: Send, harm: Harm, now: datetime) -> None:
        """Harm is counted in the minute it came in."""
        row = self.tallies.row(now, send.channel, send.round)
        row.complaints += harm is Harm.COMPLAINT
        row.failures += harm is Harm.FAILURE

    def report(self, partition: int, queue: Queue, probes: int, now: datetime) -> Counts | None:
        """What the governor was not told yet; None where there is nothing to say or the last report is too near."""
        wants = {channel: count for channel in self.standings if (count := self._wants(channel, queue, probes))}
        if not (self.tallies.rows or wants) or not self.tallies.may_report(now):
            return None
        for channel, count in wants.items():
            self.standings[channel] = replace(self.standings[channel], told=count)
        return self.tallies.report(partition, wants, now)

    def _wants(self, channel: Channel, queue: Queue, probes: int) -> int:
        """Probes of this round that all who wait could use, where the governor was not told of so many; else 0."""
        standing = self.standings[channel]
        if standing.state is not BreakerState.HALF_OPEN:
            return 0
        wanted = min(standing.spent + queue.waiting(channel), probes)
        return wanted if wanted > standing.told else 0

    def _standing(self, channel: Channel) -> Standing:
        return self.standings.get(channel, FIRST)


MEMOS = Packing(Governed, version=1)
