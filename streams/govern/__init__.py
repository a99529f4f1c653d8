"""The governor: what concerns all users at once, in one partition: breakers and the probes of a half-open channel.

- ``partition``  the role's step and tick
- ``breaker``    the transition table, and its diagram
- ``watch``      what is known of one channel: counts of the last minutes, the half-open round, what follows from them
"""

from schemas.policy import Policy
from streams.govern.partition import Governor
from streams.role import Open, Table


def open_govern(policy: Policy) -> Open:
    """Opens the governor's partition under a policy."""

    def open_partition(number: int, table: Table, memo: bytes | None) -> Governor:
        return Governor(policy, table)

    return open_partition


__all__ = ["Governor", "open_govern"]
