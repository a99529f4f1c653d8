"""Where the partitions of a role stand, as its changelog says: whoever works them, and also when nobody does."""

from aiokafka.admin import AIOKafkaAdminClient

from agents.batches.ledger import Ledger
from agents.batches.reader import Reader
from agents.batches.recovery import recover
from agents.batches.role import Watch
from agents.batches.table import MemoryTable
from agents.connection import kafka_options
from agents.settings import Settings
from agents.settings.model import RoleName


async def ledger_of(settings: Settings, reader: Reader, role: RoleName, number: int) -> Ledger:
    """The newest partition record of one partition; an empty one where it has not begun."""
    return await recover(reader, settings.changelog(role), number, MemoryTable(), Watch())


async def partitions_of(settings: Settings, topic: str) -> int:
    """How many partitions the brokers have of a topic, by its full name."""
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    try:
        await admin.start()
        [described] = await admin.describe_topics([topic])
        return len(described["partitions"])
    finally:
        await admin.close()
