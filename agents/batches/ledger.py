"""The partition record: what one transaction says of its partition, next to the users it changed.

It stands in the changelog under a reserved key, so state, positions and outputs move together or not at all. An owner
starts from it; the consumer group's offsets are written for lag tools only (Kafka forgets them after a week without
members).
"""

import msgspec

KEY = b"\0partition"
VERSION = 1


class Unreadable(Exception):
    """A state record cannot be read: going on would lose what it held, so the partition stops."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}. The partition stands still; restore the record or its changelog topic.")


class Ledger(msgspec.Struct, frozen=True, array_like=True):
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
_decode = msgspec.msgpack.Decoder(Ledger).decode


def pack(ledger: Ledger) -> bytes:
    """The record value: a version byte, then MessagePack."""
    return bytes((VERSION,)) + _encode(ledger)


def unpack(value: bytes) -> Ledger:
    """The ledger that :func:`pack` wrote; raises :class:`Unreadable` for anything else.

    >>> unpack(pack(Ledger(number=7))).number
    7
    """
    if value[:1] != bytes((VERSION,)):
        raise Unreadable("partition record", f"version {value[:1].hex() or 'missing'}, this program reads {VERSION}")
    try:
        return _decode(value[1:])
    except msgspec.MsgspecError as error:
        raise Unreadable("partition record", str(error)) from error


def same(old: Ledger, new: Ledger) -> bool:
    """Whether nothing but the time and the number differs."""
    return (old.positions, old.cursors, old.memo) == (new.positions, new.cursors, new.memo)
