"""A table on disk (RocksDB by way of ``rocksdict``): larger than memory, warm after a restart.

The changelog offset is written in the same write batch as the records, so the store never claims what it does not hold.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from rocksdict import AccessType, Options, Rdict, WriteBatch, WriteOptions

from agents.batches.table.base import Changes

POSITION = b"\0position"
"""Reserved key: next changelog offset and the time (ms) of the last write, both as ASCII digits."""


class RocksTable:
    """A RocksDB store under ``path``; see :class:`~agents.batches.table.base.Table`.

    ``max_age_ms`` is half of the changelog's ``delete.retention.ms``: an older store may have missed tombstones that
    Kafka has removed since, and would bring an erased user back; it is emptied at opening.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int], max_age_ms: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._db = self._open()
        self._write = WriteOptions()
        self._write.disable_wal = False
        self._position, written = self._stored()
        self._now_ms = now_ms
        if self._position is not None and now_ms() - written > max_age_ms:
            self.clear()

    def _open(self) -> Rdict:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_max_open_files(256)
        return Rdict(str(self._path), options=options, access_type=AccessType.read_write())

    def _stored(self) -> tuple[int | None, int]:
        raw = self._db.get(POSITION)
        if raw is None:
            return None, 0
        position, written = raw.split(b" ")
        return int(position), int(written)

    @property
    def position(self) -> int | None:
        return self._position

    def get(self, key: bytes, /) -> bytes | None:
        value: bytes | None = self._db.get(key)
        return value

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        return ((key, value) for key, value in self._db.items() if key != POSITION)

    def __len__(self) -> int:
        return int(self._db.property_int_value("rocksdb.estimate-num-keys") or 0)

    def apply(self, changes: Changes, position: int) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(POSITION, b"%d %d" % (position, self._now_ms()))
        self._db.write(batch, self._write)
        self._position = position

    def clear(self) -> None:
        self._db.close()
        Rdict.destroy(str(self._path))
        self._db = self._open()
        self._position = None

    def close(self) -> None:
        self._db.close()
