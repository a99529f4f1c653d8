"""One role on one Faust app: its topics as batched topics, an agent that hands over, owners that follow assignment."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from agents.batches.broadcast import Broadcasts
from agents.batches.consumer import Transport
from agents.batches.owner import Owner
from agents.batches.role import Clock, Config, Nowhere, Role, Watch, World
from agents.batches.table import MemoryTable, Table
from agents.batches.tenure import Tenure

log = logging.getLogger(__name__)

SUSPEND_SECONDS = 5.0
"""A rebalance waits so long for transactions under way; after it fencing keeps order all the same."""


class Runner:
    """Attaches a role to an app; the app's worker then runs it."""

    def __init__(
        self,
        app: Any,
        role: Role,
        config: Config,
        clock: Clock,
        *,
        watch: Watch | None = None,
        open_world: Callable[[int], World] = lambda _number: Nowhere(),
        open_table: Callable[[int], Table] = lambda _number: MemoryTable(),
    ) -> None:
        self._app, self._role, self._config, self._clock = app, role, config, clock
        self._watch = watch or Watch()
        self._open_world, self._open_table = open_world, open_table
        self.joined = False
        """Whether the group has given this worker an assignment, be it an empty one."""
        self._owners: dict[int, Owner] = {}
        self._tables: dict[int, Table] = {}
        self._topics = {config.prefix + topic for topic in role.topics}
        self._broadcasts = Broadcasts(
            config.connection, [config.prefix + topic for topic in role.broadcasts], self._wake
        )
        self._attach()

    @property
    def owners(self) -> dict[int, Owner]:
        """The owners of this worker by partition number."""
        return self._owners

    def _attach(self) -> None:
        app = self._app
        app.transport = Transport(url=app.conf.broker_consumer, app=app, loop=None)
        topic = app.topic(*sorted(self._topics), key_serializer="raw", value_serializer="batch", acks=False)
        app.agent(topic, name=self._role.name)(self._receive)
        app.on_partitions_revoked.connect(self._revoked, weak=False)
        app.on_partitions_assigned.connect(self._assigned, weak=False)
        app.on_before_shutdown.connect(self._shutdown, weak=False)

    async def _receive(self, stream: Any) -> None:
        async for event in stream.events():
            owner = self._owners.get(event.value.tp.partition)
            if owner is not None:
                owner.submit(event.value)

    def _wake(self) -> None:
        for owner in self._owners.values():
            owner.wake()

    async def _revoked(self, _app: Any, _partitions: Any, **_: Any) -> None:
        await asyncio.gather(*(owner.suspend(SUSPEND_SECONDS) for owner in self._owners.values()))

    async def _assigned(self, app: Any, partitions: Iterable[Any], **_: Any) -> None:
        self._broadcasts.start()
        numbers = self._complete({(tp.topic, tp.partition) for tp in partitions})
        await asyncio.gather(*(self._leave(number) for number in list(self._owners) if number not in numbers))
        for number in sorted(numbers):
            if number in self._owners:
                self._owners[number].resume(app.consumer_generation_id)
            else:
                self._owners[number] = self._enter(number)
                self._owners[number].start(app.consumer_generation_id)
        self.joined = True

    def _complete(self, assigned: set[tuple[str, int]]) -> set[int]:
        """The partition numbers of which this worker has every topic."""
        numbers = {number for topic, number in assigned if topic in self._topics}
        torn = {n for n in numbers if any((topic, n) not in assigned for topic in self._topics)}
        if torn:
            log.error(
                "%s: partitions %s came without all of their topics; check that %s have one partition count",
                self._role.name,
                sorted(torn),
                sorted(self._topics),
            )
        return numbers - torn

    def _enter(self, number: int) -> Owner:
        table = self._tables[number] = self._open_table(number)
        world = self._open_world(number)

        def begin() -> Tenure:
            return Tenure(
                number, self._role, self._config, table, self._broadcasts, self._clock, world, self._watch
            )  # fmt: skip

        return Owner(number, self._role, self._config, self._app.consumer, self._watch, begin, self._crash)

    def _crash(self, error: BaseException) -> None:
        """End the worker: its supervisor starts it again."""
        self._crashing = asyncio.ensure_future(self._app.crash(error))

    async def _leave(self, number: int) -> None:
        try:
            await self._owners.pop(number).close()
        finally:
            self._tables.pop(number).close()

    async def _shutdown(self, _app: Any, **_: Any) -> None:
        await asyncio.gather(*(self._leave(number) for number in list(self._owners)))
        await self._broadcasts.stop()
