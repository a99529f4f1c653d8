"""How a role packs what it remembers: a version byte, then msgpack; and what it says when that is unreadable."""

from typing import Generic, TypeVar

import msgspec
from pydantic import ValidationError

from schemas.base import Message
from streams.role import Record

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class StateUnreadable(Exception):
    """A state record cannot be read: the partition stops, for going on would forget what was sent to whom."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"state {name!r} is unreadable: {cause}; run the version that wrote it")
        self.name = name


class UnreadableRecord(Exception):
    """A record that we write ourselves cannot be read: the partition stops, for it is a fault of ours."""

    def __init__(self, topic: str, offset: int, cause: str) -> None:
        super().__init__(f"{topic} at offset {offset} is unreadable: {cause}; only churn-alerts may write this topic")
        self.topic = topic
        self.offset = offset


class Packing(Generic[T]):
    r"""Packs values of one type under one version.

    >>> numbers = Packing(list[int], version=3)
    >>> numbers.unpack("n", numbers.pack([1, 2]))
    [1, 2]
    >>> numbers.unpack("n", b"\x04\x90")
    Traceback (most recent call last):
        ...
    streams.packed.StateUnreadable: state 'n' is unreadable: version 4, not 3; run the version that wrote it
    """

    def __init__(self, kind: type[T], version: int) -> None:
        self._version = version
        self._prefix = bytes((version,))
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)

    def pack(self, value: T) -> bytes:
        """The value in bytes."""
        return self._prefix + self._encoder.encode(value)

    def unpack(self, name: str, packed: bytes) -> T:
        """The value that was packed; raises :class:`StateUnreadable` naming ``name``."""
        if packed[:1] != self._prefix:
            found = packed[0] if packed else "none"
            raise StateUnreadable(name, f"version {found}, not {self._version}")
        try:
            return self._decoder.decode(memoryview(packed)[1:])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StateUnreadable(name, str(error)) from error


def read_own(model: type[M], record: Record) -> M:
    """The message of a record that we wrote ourselves; raises :class:`UnreadableRecord`."""
    if record.value is None:
        raise UnreadableRecord(model.TOPIC, record.offset, "it has no value")
    try:
        return model.decode(record.value)
    except ValidationError as error:
        raise UnreadableRecord(model.TOPIC, record.offset, str(error)) from error
