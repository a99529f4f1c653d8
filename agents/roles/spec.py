"""The shape of a role's wiring."""

from dataclasses import dataclass

from streams.codec import STANDSTILL
from streams.role import Open, UserFault


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role as a line of the role table: everything that is to be known of it from outside."""

    name: str
    topics: tuple[str, ...]
    """Read by the owner of each partition number; all have one partition count."""
    outputs: frozenset[str]
    """Written, and nothing else."""
    open: Open
    first: frozenset[str] = frozenset()
    """Topics read to their present end before a record of the others is judged."""
    broadcasts: tuple[str, ...] = ()
    """Heard whole by every owner."""
    board: bool = False
    """Whether it asks the board, or tells it something."""
    orders: frozenset[str] = frozenset()
    """Broadcasts whose records stand until they are taken back: at each opening a partition hears all that stand first,
    so that it knows what was taken back and forgotten meanwhile; and a tick follows at once whatever is heard of them.
    """
    standstill: tuple[type[Exception], ...] = STANDSTILL
    """What stops a partition until a person has looked."""
    user_fault: type[Exception] = UserFault
    """What a partition raises where its work for one user fails."""
