"""What an owner needs of a table; every implementation passes the same contract suite."""

from collections.abc import Iterable, Mapping
from typing import Protocol

Changes = Mapping[bytes, bytes | None]
"""Records by key; None deletes."""


class Table(Protocol):
    """Packed records by key, consistent with the changelog up to :attr:`position`."""

    @property
    def position(self) -> int | None:
        """The next changelog offset to apply; None for an empty table that has seen none."""
        ...

    def get(self, key: bytes, /) -> bytes | None:
        """The record, or None."""
        ...

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Every record, in any order."""
        ...

    def __len__(self) -> int:
        """How many records there are (an estimate is allowed on disk)."""
        ...

    def apply(self, changes: Changes, position: int) -> None:
        """Make the changes and move to ``position``, both or neither."""
        ...

    def clear(self) -> None:
        """Forget everything, the position too."""
        ...

    def close(self) -> None:
        """Give up files and locks; the table is not used after."""
        ...
