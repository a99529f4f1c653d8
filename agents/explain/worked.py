"""A user as a running worker has committed him: from the health role's changelog, and the board's last decision."""

from agents.batches import ledger as ledgers
from agents.batches.reader import reading
from agents.batches.role import Watch
from agents.batches.table import MemoryTable
from agents.batches.table.base import Changes
from agents.batches.tenure import Users, recover
from agents.board import BoardAway, Link, RedisBoard
from agents.connection import kafka_options
from agents.explain.known import Known
from agents.policy_file import read_policy
from agents.settings import RoleName, Settings
from schemas.decision import Decision
from schemas.policy import Policy
from streams.health import HealthPartition
from streams.health.learning.book import reserved
from streams.health.state import user_and_product


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
    return Known(tuple(health.portraits(user_id)), None, await _decided(settings, policy, user_id))


async def _decided(settings: Settings, policy: Policy, user_id: str) -> tuple[Decision, ...]:
    """The last decision that the board knows; none while the board is away, for it is not the book."""
    link = Link.to(settings.redis_url)
    try:
        seen = await RedisBoard(link, policy, settings.partitions).user(user_id)
    except BoardAway:
        return ()
    finally:
        await link.close()
    return () if seen.decision is None else (seen.decision,)
