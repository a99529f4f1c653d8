"""Bugs to plant in a worker, one a promise: a campaign that does not see them proves nothing.

And two faults that nobody may notice: deliveries that are lost or come twice, which the strict order must heal, and
a program that fails at some ids, for which the net must refuse their records and nothing else.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from agents.batches import owner
from agents.batches.batch import Batch
from agents.batches.producer import TransactionalProducer
from agents.batches.sequence import Verdict
from streams.dispatch.holding import Holding
from streams.dispatch.orders import Orders
from streams.dispatch.partition import Dispatcher
from streams.health import HealthPartition
from streams.health.learning.book import OPEN
from streams.health.learning.heard import Heard
from streams.health.learning.population import Population

EVERY = 20
SKIPPED = 5
"""On a busy machine more waits for each transaction, so a worker makes few of them."""
CHANGELOG = "-state-changelog"
ENDLESS = 10**9
TORN = "torn"
"""The place between the two transactions that should be one."""


def skips_a_batch() -> None:
    """Some of the batches are counted as absorbed, and are not."""
    admitted, turns = owner.Owner._admitted, count(1)

    async def skipping(self: owner.Owner, *arguments: Any) -> Any:
        taken = await admitted(self, *arguments)
        if taken and next(turns) % SKIPPED == 0:
            topic, _records, end = taken[0]
            taken[0] = (topic, [], end)
        return taken

    owner.Owner._admitted = skipping  # type: ignore[method-assign]


def state_outside_the_transaction() -> None:
    """Outputs are committed first, state and positions in a transaction of their own."""
    commit = TransactionalProducer.commit

    async def torn(self: Any, now_ms: int, outgoing: Any, offsets: Any, group: str) -> Any:
        outputs = {tp: rows for tp, rows in outgoing.items() if not tp.topic.endswith(CHANGELOG)}
        if outputs:
            await commit(self, now_ms, outputs, {}, group)
            self._point(TORN)
        state = {tp: rows for tp, rows in outgoing.items() if tp.topic.endswith(CHANGELOG)}
        return await commit(self, now_ms, state, offsets, group)

    TransactionalProducer.commit = torn  # type: ignore[method-assign]


def unruly_deliveries(every: int = EVERY) -> None:
    """Some batches never reach their owner, some reach it twice, as when a group rebalances again and again."""
    submit, turns = owner.Owner.submit, count(1)

    def unruly(self: owner.Owner, batch: Batch) -> None:
        turn = next(turns) % every
        if turn:
            submit(self, batch)
        if turn == every // 2:
            submit(self, batch)

    owner.Owner.submit = unruly  # type: ignore[method-assign]


def fails_at_some_ids() -> None:
    """Health and dispatcher fail at a tenth of those users whose records are refused anyway (`tests/faults/odd.py`)."""
    for role in (HealthPartition, Dispatcher):
        role.step = _failing(role.step)  # type: ignore[method-assign, type-var]


def _failing(step: Callable[..., Any]) -> Callable[..., Any]:
    def failing(self: Any, topic: str, records: Any, now: Any) -> Any:
        if any(record.key and record.key.startswith(b"odd-") and record.key.endswith(b"7") for record in records):
            raise ZeroDivisionError("planted")
        return step(self, topic, records, now)

    return failing


def trusts_every_batch() -> None:
    """Whatever is delivered enters, though something before it is missing or it came before."""
    unruly_deliveries(SKIPPED)
    owner.admit = lambda batch, position, epoch, generation: Verdict.ENTER


def forgets_open_sums() -> None:
    """What was seen of a day before a restart is not told when the day is over."""
    restore = Population.restore

    def forgetful(self: Population, records: Mapping[str, bytes]) -> None:
        restore(self, {kind: value for kind, value in records.items() if kind != OPEN})

    Population.restore = forgetful  # type: ignore[method-assign]


def learns_without_waiting() -> None:
    """A lesson is made of the sums that were heard, though a partition's are missing."""
    Heard.complete = lambda self, day: [*self.days.get(day, {}).values()] or None  # type: ignore[method-assign]


def spends_without_lease() -> None:
    """Whatever is for all users together is taken as if there were no end of it."""
    Holding.free = lambda self, now: ENDLESS  # type: ignore[method-assign]


def ignores_orders() -> None:
    """Operators' orders are heard, and nothing follows from them."""
    Orders.hear = lambda self, records, now: None  # type: ignore[method-assign]


PLANTS = (
    skips_a_batch,
    state_outside_the_transaction,
    unruly_deliveries,
    fails_at_some_ids,
    trusts_every_batch,
    forgets_open_sums,
    learns_without_waiting,
    spends_without_lease,
    ignores_orders,
)
BUGS: dict[str, Callable[[], None]] = {each.__name__: each for each in PLANTS}
