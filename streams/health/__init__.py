"""The health role: what users do becomes an index per user and product, and warnings of those who drift away.

``partition``   one partition of the role: records in, facts out
``lane``        one product in it: watermark, then deadlines, then the event
``occasion``    a day with activity, ``experience`` a complaint: what each leaves in the ``state`` and its ``window``
``index``       the health index, one idea a file; ``learning`` what a product's users teach
``rules``       when what is known becomes a warning, one rule a file; ``alerts`` what is said of one user, and when
``deadlines``   when each user must be looked at next, ``watermark`` how far time has come, ``days`` calendar days
``feed``        how steadily events come, ``pace`` how far each product has come
``portrait``    all that is known of a user, without changing it
``rejects``     how much of the input was refused, and when that stops it
``notice``      what is said of a silence, ``stage`` how far gone its user is
``signs``       what an event says that the dispatcher must know; ``outcome`` what became of it
"""

from schemas.policy import Policy
from streams.codec import StateUnreadable
from streams.health.outcome import Outcome
from streams.health.partition import HealthPartition
from streams.health.rejects import IntakeStopped, Move
from streams.partitioner import Placement
from streams.role import Open, Table


def open_health(policy: Policy, placement: Placement | None = None) -> Open:
    """How a partition of the health role is opened under a policy; without ``placement`` there is one, for every key.

    Opening raises :class:`StateUnreadable` when the book cannot be read, and
    :class:`schemas.version.NewerRecord` when a newer program wrote it.
    """

    def opened(number: int, table: Table, memo: bytes | None) -> HealthPartition:
        return HealthPartition(policy, number, table, memo, placement)

    return opened


__all__ = ["HealthPartition", "IntakeStopped", "Move", "Outcome", "StateUnreadable", "open_health"]
