"""What a partition and the governor tell each other: its words and leases, our counts, draws and wishes."""

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.counts import Counts
from schemas.lease import Lease, probes
from streams.codec import Codec, read_own
from streams.control import Order
from streams.dispatch.book import Send
from streams.dispatch.counts import PAUSE, Drawn, Tallies
from streams.dispatch.holding import NOTHING, Holding, at_round, leased
from streams.dispatch.queue import Queue
from streams.dispatch.report import Harm
from streams.dispatch.standing import FIRST, FREE, Standing, governed
from streams.limits import Limits, Need
from streams.role import Record

CHANNEL_OF = {probes(channel): channel for channel in Channel}


class Governed(Struct, array_like=True, forbid_unknown_fields=True):
    """Stored with every transaction, in the partition's memo."""

    standings: dict[Channel, Standing] = {}
    holdings: dict[str, Holding] = {}
    tallies: Tallies = field(default_factory=Tallies)
    orders: dict[str, Order] = {}
    """Operators' words that stand and are about no user, by kind/target; see :mod:`streams.dispatch.orders`."""

    def hear(self, topic: str, record: Record, partition: int, now: datetime) -> None:
        """The governor's word holds; a lease of another partition is none of ours."""
        if topic == topics.BREAKERS:
            breaker = read_own(Breaker, record)
            self.standings[breaker.channel] = governed(breaker)
            resource = probes(breaker.channel)
            self.holdings[resource] = at_round(self._holding(resource), breaker.round)
        elif (lease := read_own(Lease, record)).partition == partition:
            self.holdings[lease.resource] = leased(self._holding(lease.resource), lease, now)

    def sent(self, send: Send, needs: tuple[Need, ...]) -> None:
        """A message is counted, and what it takes is spent: a probe, too, if it was one."""
        self.tallies.row(send.at, send.channel, send.round).sends += 1
        for need in (*needs, *((Need(probes(send.channel), 1),) if send.round else ())):
            self._use(need.resource, need.units, send.at).spent += need.units

    def missed(self, channel: Channel, probes_max: int) -> None:
        """Somebody would have been a probe and went out on another channel: the next one shall find a probe here.

        Without this a channel whose candidates all have another way would stay half-open for ever.
        """
        resource = probes(channel)
        holding = self._holding(resource)
        self.holdings[resource] = replace(holding, hoped=min(holding.hoped + 1, probes_max))

    def harmed(self, send: Send, harm: Harm, now: datetime) -> None:
        """Harm is counted in the minute it came in."""
        row = self.tallies.row(now, send.channel, send.round)
        row.complaints += harm is Harm.COMPLAINT
        row.failures += harm is Harm.FAILURE

    def room(self, resource: str, limits: Limits, now: datetime) -> int | None:
        """How many units may be spent here now; None where nothing limits them."""
        channel = CHANNEL_OF.get(resource)
        if channel is not None:
            standing = self.standings.get(channel, FIRST)
            if standing.state in FREE:
                return None
            if standing.state is not BreakerState.HALF_OPEN or self._holding(resource).round != standing.round:
                return 0
        elif resource not in limits:
            return None
        return self._holding(resource).free(now)

    def report(self, partition: int, queue: Queue, limits: Limits, probes: int, now: datetime) -> Counts | None:
        """What the governor was not told yet; None where there is nothing to say or the last report is too near."""
        if not self.tallies.may_report(now):
            return None
        self._give_back(queue, limits, now)
        wants = self.wants(queue, limits, probes)
        if not (self.tallies.rows or self.tallies.draws or wants):
            return None
        for resource, units in wants.items():
            self.holdings[resource] = self._holding(resource).asking(units, now)
        least = {each: queue.least(each) or limits[each].least for each in wants if each in limits}
        return self.tallies.report(partition, wants, least, now)

    def reports(self, now: datetime) -> datetime:
        """When the next report may go out."""
        last = self.tallies.reported
        return now if last is None else max(now, last + PAUSE)

    def wants(self, queue: Queue, limits: Limits, probes: int) -> dict[str, int]:
        """What is used and what those who wait could use, where the governor was last told something else."""
        wanted = {resource: self._holding(resource).used + queue.needed(resource) for resource in limits}
        for resource in self._half_open():
            holding = self._holding(resource)
            wanted[resource] = holding.used + min(queue.needed(resource) + holding.hoped, probes)
        return {resource: units for resource, units in wanted.items() if units != self._holding(resource).told}

    def _half_open(self) -> list[str]:
        """The probes of channels that are half-open, in the rounds they are in."""
        return [
            resource
            for channel, standing in self.standings.items()
            if standing.state is BreakerState.HALF_OPEN
            and self._holding(resource := probes(channel)).round == standing.round
        ]

    def _give_back(self, queue: Queue, limits: Limits, now: datetime) -> None:
        """What nobody here waits for is for others, but for the reserve."""
        for resource in (*limits, *self._half_open()):
            holding = self._holding(resource)
            spare = holding.free(now) - queue.needed(resource) - holding.hoped - holding.reserve
            if spare > 0:
                self._use(resource, spare, now).returned += spare

    def _use(self, resource: str, units: int, now: datetime) -> Drawn:
        holding = self._holding(resource)
        hoped = max(0, holding.hoped - units)
        self.holdings[resource] = replace(holding, used=holding.used + units, hoped=hoped)
        return self.tallies.draw(now, resource, holding.round)

    def _holding(self, resource: str) -> Holding:
        return self.holdings.get(resource, NOTHING)


def _memo(number: int) -> str:
    return f"memo of partition {number}"


MEMOS = Codec("dispatcher-memo", Governed, naming=_memo)
