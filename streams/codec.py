"""Records that live for years: a version byte, then MessagePack; older versions are brought up, newer ones refused.

A codec names a kind of record, its version, and the upgrades from every older version. Fields of kept structs stand by
position, missing ones at the end have their defaults, and more than are known are refused. So fields are added at the
end, and every change raises the version of each kind that holds the struct; ``tests/golden`` sees what was forgotten.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final, Generic, TypeVar

import msgspec

from schemas.base import Message
from schemas.version import NewerRecord, Upgrade, upgraded
from streams.role import Record

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class StateUnreadable(Exception):
    """A state record cannot be read: the partition stops, for going on would forget what was sent to whom."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"state {name} is unreadable: {cause}; run the version that wrote it")
        self.name = name


class UnreadableRecord(Exception):
    """A record that we write ourselves cannot be read: the partition stops, for it is a fault of ours."""

    def __init__(self, topic: str, offset: int, cause: str) -> None:
        super().__init__(f"{topic} at offset {offset} is unreadable: {cause}; only churn-alerts may write this topic")
        self.topic = topic
        self.offset = offset


class UnprocessableRecord(Exception):
    """Handling a record of ours fails, and it must not be left out: the partition stops until the program is mended."""

    def __init__(self, topic: str, offset: int, cause: Exception) -> None:
        frames = extract_tb(cause.__traceback__)
        place = "".join(f" in {'/'.join(Path(each.filename).parts[-3:])}:{each.lineno}" for each in frames[-1:])
        super().__init__(
            f"handling {topic} at offset {offset} fails with {type(cause).__name__}: {cause}{place}; it concerns all "
            "users and is not left out: install a release that handles it"
        )
        self.topic = topic
        self.offset = offset


STANDSTILL: Final = (StateUnreadable, UnreadableRecord, UnprocessableRecord, NewerRecord)
"""What stops a partition of any role until a person has looked."""


MALFORMED: Final = (msgspec.MsgspecError, ValueError, LookupError, TypeError, AttributeError)
"""What decoding raises, or an upgrade that meets a value which is not of its version."""


class Codec(Generic[T]):
    r"""Packs values of one kind under one version, and reads every version up to it.

    ``upgrades`` turn the untyped value of a version into that of the next. ``head`` bytes between version and value
    are the caller's, and the same in all versions; ``naming`` says in words what ``unpack`` is told of a record.

    >>> numbers = Codec("numbers", list[int], version=2, upgrades={1: lambda old: [*old, 0]})
    >>> numbers.unpack("n", numbers.pack([1, 2])), numbers.unpack("n", b"\x01\x91\x07")
    ([1, 2], [7, 0])
    >>> numbers.unpack("n", b"\x03\x90")
    Traceback (most recent call last):
        ...
    schemas.version.NewerRecord: state 'n' was written by a newer program; upgrade this worker (numbers of version 3, this one reads up to 2)
    """  # noqa: E501

    def __init__(
        self,
        kind: str,
        model: type[T],
        version: int = 1,
        upgrades: Mapping[int, Upgrade] | None = None,
        head: int = 0,
        naming: Callable[[Any], str] = repr,
    ) -> None:
        self.kind, self.model, self._naming, self._start = kind, model, naming, 1 + head
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(model).decode
        self.raise_to(version, upgrades or {})

    def raise_to(self, version: int, upgrades: Mapping[int, Upgrade]) -> None:
        """From now on this version is written, and all before it are brought up to it; 1 to 255."""
        assert sorted(upgrades) == list(range(1, version)), f"{self.kind}: an upgrade is missing, or one too many"
        self.version, self._upgrades, self._prefix = version, upgrades, bytes((version,))

    def pack(self, value: T, head: bytes = b"") -> bytes:
        """The value in bytes."""
        return self._prefix + head + self._encode(value)

    def unpack(self, of: Any, packed: bytes) -> T:
        """The value that was packed; raises :class:`StateUnreadable` or :class:`NewerRecord` naming the record."""
        if packed[:1] != self._prefix:
            packed = self._brought_up(of, packed)
        try:
            return self._decode(packed[self._start :])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._fault(of, str(error)) from error

    def check(self, of: Any, packed: bytes) -> None:
        """The record has a head, and a version that this program reads; raises as :meth:`unpack` does where not."""
        if len(packed) < self._start or not packed[0]:
            raise StateUnreadable(self._naming(of), f"these {len(packed)} bytes are no {self.kind} of any version")
        if packed[0] > self.version:
            raise self._newer(of, f"{self.kind} of version {packed[0]}, this one reads up to {self.version}")

    def _brought_up(self, of: Any, packed: bytes) -> bytes:
        """The record as the present version would have it."""
        self.check(of, packed)
        try:
            old = msgspec.msgpack.decode(packed[self._start :])
            new = upgraded(old, packed[0], self._upgrades, self.version)
        except MALFORMED as error:
            raise StateUnreadable(self._naming(of), f"as {self.kind} of version {packed[0]}: {error!r}") from error
        return self._prefix + packed[1 : self._start] + msgspec.msgpack.encode(new)

    def _fault(self, of: Any, cause: str) -> Exception:
        too_long = _LENGTHS.match(cause)
        if too_long and int(too_long["found"]) > int(too_long["most"]):
            return self._newer(
                of, f"{self.kind} of version {self.version} with more fields than this one knows: {cause}"
            )
        return StateUnreadable(self._naming(of), cause)

    def _newer(self, of: Any, found: str) -> NewerRecord:
        return NewerRecord(f"state {self._naming(of)}", found)


_LENGTHS: Final = re.compile(r"Expected `array` of (?:at most )?length (?:\d+ to )?(?P<most>\d+), got (?P<found>\d+)")
"""How msgspec says that an array has other fields than its struct; a test holds it to these words."""


def read_own(model: type[M], record: Record) -> M:
    """The message of a record that we wrote ourselves, of any version up to ours.

    Raises :class:`UnreadableRecord` or :class:`NewerRecord` naming topic and offset.
    """
    if record.value is None:
        raise UnreadableRecord(model.TOPIC, record.offset, "it has no value")
    try:
        return model.read(record.value, record.headers, f"{model.TOPIC} at offset {record.offset}")
    except MALFORMED as error:
        raise UnreadableRecord(model.TOPIC, record.offset, str(error)) from error
