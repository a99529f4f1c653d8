"""Bugs to plant in a worker, one a promise: a campaign that does not see them proves nothing."""

from collections.abc import Callable
from itertools import count
from typing import Any

from agents.batches import owner
from agents.batches.producer import TransactionalProducer
from agents.batches.sequence import Verdict

EVERY = 20
TORN = "torn"
"""The place between the two transactions that should be one."""


def skips_a_batch() -> None:
    """Some of the batches are counted as absorbed, and are not."""
    admitted, turns = owner.Owner._admitted, count(1)

    async def skipping(self: owner.Owner, *arguments: Any) -> Any:
        taken = await admitted(self, *arguments)
        if taken and next(turns) % EVERY == 0:
            topic, _records, end = taken[0]
            taken[0] = (topic, [], end)
        return taken

    owner.Owner._admitted = skipping  # type: ignore[method-assign]


def state_outside_the_transaction() -> None:
    """Outputs are committed first, state and positions in a transaction of their own."""
    commit = TransactionalProducer.commit

    async def torn(self: Any, now_ms: int, records: Any, last: Any, offsets: Any, group: str) -> int:
        records = list(records)
        outputs = [record for record in records if record.topic != last.topic]
        if outputs:
            await commit(self, now_ms, outputs[:-1], outputs[-1], {}, group)
            self._point(TORN)
        state = [record for record in records if record.topic == last.topic]
        return await commit(self, now_ms, state, last, offsets, group)

    TransactionalProducer.commit = torn  # type: ignore[method-assign]


def trusts_every_batch() -> None:
    """Whatever the consumer delivers enters, also what was fetched before a seek or a rebalance."""
    owner.admit = lambda batch, position, epoch, generation: Verdict.ENTER


BUGS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (skips_a_batch, state_outside_the_transaction, trusts_every_batch)
}
