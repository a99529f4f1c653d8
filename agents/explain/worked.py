"""A user as the workers have committed him: from the health role's changelog, and the newest warnings and decisions."""

from collections.abc import AsyncIterator
from typing import Final

from agents.batches import ledger as ledgers
from agents.batches.batch import TopicPartition
from agents.batches.reader import Reader, reading
from agents.batches.recovery import Users, recover
from agents.batches.role import Watch
from agents.batches.table import MemoryTable
from agents.batches.table.base import Changes
from agents.connection import kafka_options
from agents.explain.known import Known
from agents.policy_file import read_policy
from agents.settings import RoleName, Settings
from schemas import topics
from schemas.decision import Decision
from schemas.warning import Warning
from streams.health import HealthPartition
from streams.health.learning.book import reserved
from streams.health.state import user_and_product

LOOKED_BACK: Final = 50_000
"""Records of a partition's warnings, and of its decisions, among which a user's are sought: a second or two."""


class OneUser(MemoryTable):
    """A table that keeps one user's records, what was learned, and the ledger: a partition may have millions."""

    def __init__(self, user_id: str) -> None:
        super().__init__()
        self._user_id = user_id

    def apply(self, changes: Changes, position: int) -> None:
        kept = {key: value for key, value in changes.items() if key == ledgers.KEY or self._mine(key)}
        super().apply(kept, position)

    def _mine(self, key: bytes) -> bool:
        return reserved(key) or user_and_product(key)[0] == self._user_id


async def worked(settings: Settings, user_id: str) -> Known:
    """All that is committed about a user; nothing, where his partition has no such user."""
    policy, table = read_policy(settings.policy_path), OneUser(user_id)
    number = settings.placement.of(user_id.encode())
    async with reading(kafka_options(settings)) as reader:
        ledger = await recover(reader, settings.changelog(RoleName.HEALTH), number, table, Watch())
        health = HealthPartition(policy, number, Users(table), ledger.memo)
        warnings, decisions = [
            [value async for value in _newest(reader, TopicPartition(settings.topic(topic), number), user_id.encode())]
            for topic in (topics.WARNINGS, topics.DECISIONS)
        ]
    return Known(
        tuple(health.portraits(user_id)),
        tuple(map(Warning.decode, warnings)),
        tuple(map(Decision.decode, decisions)),
    )


async def _newest(reader: Reader, tp: TopicPartition, key: bytes) -> AsyncIterator[bytes]:
    """What the newest records of a partition say of a user, oldest first."""
    begin, end = await reader.range_of(tp)
    async for records, _position in reader.read(tp, max(begin, end - LOOKED_BACK), end):
        for record in records:
            if record.key == key and record.value is not None:
                yield record.value
