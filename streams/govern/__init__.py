"""The governor: what concerns all users at once, in one partition: breakers, and what is leased to all partitions.

- ``partition``  the role's step and tick
- ``breaker``    the transition table of a channel's breaker, and its diagram
- ``watch``      what is known of one channel: counts of the last minutes, a half-open round; ``signals`` move it
- ``ledger``     all that is leased; ``account`` one resource of it; ``pulse`` the usual hour, and a run too long for it
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
