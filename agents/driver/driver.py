"""The topology: owners of all roles over topics in memory, turned by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from agents.board import Board, MemoryBoard
from agents.driver.owner import Owner
from agents.driver.topics import Stored, Topics, partition_of
from agents.roles.spec import RoleSpec
from schemas.base import Headers, Message
from schemas.policy import Policy
from streams.codec import read_own
from streams.role import Partition

M = TypeVar("M", bound=Message)


class Driver:
    """Topics, owners of all roles, and a board; ``records`` is the most one transaction takes."""

    def __init__(
        self,
        policy: Policy,
        roles: Sequence[RoleSpec],
        partitions: int = 4,
        board: Board | None = None,
        records: int = 16_000,
    ) -> None:
        self.board = board or MemoryBoard(policy)
        self.topics = Topics(partitions)
        self._records = records
        self._now: datetime | None = None
        self._owners = [
            Owner(role, number, self.board, self.topics)
            for role in roles
            for number in range(self.topics.count(role.topics[0]))
        ]

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        """The record stands on the topic, in its key's partition."""
        number = partition_of(key, self.topics.count(topic)) if key is not None else 0
        self.topics.append(topic, number, timestamp_ms, key, value, headers)

    async def turn(self, now: datetime) -> bool:
        """Every owner has made one transaction at this processing time; returns whether records still wait."""
        if self._now is not None and now < self._now:
            raise ValueError(f"processing time never runs backwards: {now} after {self._now}")
        self._now = now
        for owner in self._owners:
            await owner.work(now, self._records)
        return any(owner.waits for owner in self._owners)

    async def settle(self, now: datetime) -> None:
        """Nothing waits any more, and everybody has ticked: all that follows from what was sent is on the topics."""
        while await self.turn(now):
            pass

    def partition(self, role: str, number: int = 0) -> Partition:
        """The open partition of a role, as its next transaction will find it."""
        return next(each for each in self._owners if (each.spec.name, each.number) == (role, number)).partition

    def restart(self, role: str | None = None) -> None:
        """The partitions (of one role) are gone, as after a crash; they open again from their tables and memos."""
        for owner in self._owners:
            if role in (None, owner.spec.name):
                owner.close()

    def read(self, topic: str) -> list[Stored]:
        """All records of a topic in the order they were written."""
        return self.topics.read(topic)

    def messages(self, kind: type[M]) -> list[M]:
        """All messages of a kind, read from its topic in the order they were written."""
        return [read_own(kind, record) for record in self.read(kind.TOPIC) if record.value is not None]
