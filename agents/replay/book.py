"""What the health role knew at the end of a replay, in a file: its records and its memo, for ``explain``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import Struct
from typing import Final

_SIZES: Final = Struct(">II")


def save(path: Path, table: Mapping[bytes, bytes], memo: bytes) -> None:
    """The file holds the memo (under the empty key) and every record."""
    with path.open("wb", buffering=1 << 20) as file:
        for key, record in ((b"", memo), *table.items()):
            file.write(_SIZES.pack(len(key), len(record)) + key + record)


def load(path: Path) -> tuple[dict[bytes, bytes], bytes]:
    """The table and the memo that were saved; raises :class:`ValueError` where the file ends too early."""
    table = dict(_pairs(path.read_bytes(), path))
    return table, table.pop(b"")


def _pairs(content: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(content):
        if place + _SIZES.size > len(content):
            raise ValueError(f"{path} ends in the middle of a record; run the replay again")
        key, record = _SIZES.unpack_from(content, place)
        begin = place + _SIZES.size
        place = begin + key + record
        yield content[begin : begin + key], content[begin + key : place]
