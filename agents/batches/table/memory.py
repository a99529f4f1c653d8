"""A table in memory: rebuilt from the changelog after every start of the process."""

from collections.abc import Iterable, Mapping
from typing import cast

from agents.batches.table.base import Changes


class MemoryTable:
    """A dict; see :class:`~agents.batches.table.base.Table`."""

    def __init__(self) -> None:
        self._records: dict[bytes, bytes] = {}
        self._position: int | None = None

    @property
    def position(self) -> int | None:
        return self._position

    def get(self, key: bytes, /) -> bytes | None:
        return self._records.get(key)

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        return self._records.items()

    def __len__(self) -> int:
        return len(self._records)

    def apply(self, changes: Changes, position: int) -> None:
        kept = cast(Mapping[bytes, bytes], changes)
        if None in changes.values():  # seldom, and looking is quicker than asking for each
            kept = {key: value for key, value in changes.items() if value is not None}
            for key in changes.keys() - kept.keys():
                self._records.pop(key, None)
        self._records.update(kept)
        self._position = position

    def clear(self) -> None:
        self._records.clear()
        self._position = None

    def close(self) -> None:
        self._records = {}
