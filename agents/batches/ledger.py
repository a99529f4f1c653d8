"""The partition record: what one transaction says of its partition, next to the users it changed.

It stands in the changelog under a reserved key, so state, positions and outputs move together or not at all. An owner
starts from it; the consumer group's offsets are written for lag tools only (Kafka forgets them after a week without
members).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

KEY = b"\0partition"
VERSION = 1
UPGRADES: Mapping[int, Callable[[Any], Any]] = {}
"""From the untyped array of a version to that of the next; a field that is new stands at the end."""


class Unreadable(Exception):
    """A state record cannot be read: going on would lose what it held, so the partition stops."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}. The partition stands still; restore the record or its changelog topic.")


class Newer(Exception):
    """A program of a later release wrote the partition record: the partition waits for a worker that can read it."""

    def __init__(self, found: str) -> None:
        super().__init__(f"partition record was written by a newer program; upgrade this worker ({found})")


class Ledger(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a partition stands after a transaction."""

    number: int = 0
    """How many transactions there were."""
    now_ms: int = 0
    """Greatest processing time used, milliseconds since the epoch."""
    positions: dict[str, int] = {}
    """Next offset of every topic of the role."""
    cursors: dict[str, int] = {}
    """Next offset of every broadcast topic."""
    memo: bytes | None = None
    """The role's own word about the partition."""


_encode = msgspec.msgpack.Encoder().encode


def pack(ledger: Ledger) -> bytes:
    """The record value: a version byte, then MessagePack."""
    return bytes((VERSION,)) + _encode(ledger)


def unpack(value: bytes) -> Ledger:
    """The ledger that :func:`pack` wrote, in this release or before; raises :class:`Newer` or :class:`Unreadable`.

    >>> unpack(pack(Ledger(number=7))).number
    7
    """
    if not value or not value[0]:
        raise Unreadable("partition record", "it has no version")
    if value[0] > VERSION:
        raise Newer(f"version {value[0]}, this one reads up to {VERSION}")
    try:
        fields = msgspec.msgpack.decode(value[1:])
        for version in range(value[0], VERSION):
            fields = UPGRADES[version](fields)
        if len(fields) > len(Ledger.__struct_fields__):
            raise Newer(f"{len(fields)} fields, this one knows {len(Ledger.__struct_fields__)}")
        return msgspec.convert(fields, Ledger)
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError) as error:
        raise Unreadable("partition record", str(error)) from error


def same(old: Ledger, new: Ledger) -> bool:
    """Whether nothing but the time and the number differs."""
    return (old.positions, old.cursors, old.memo) == (new.positions, new.cursors, new.memo)
