"""Events in order of time, however many there are: sorted runs, all but the last on disk, merged as they are read."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from heapq import merge
from operator import attrgetter, itemgetter
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from streams.intake import Event

RUN: Final = 500_000
"""Events of a run: some 200 MB, so a range needs no more memory than that whatever its length."""

_line: Final = msgspec.json.Encoder().encode
_event: Final = msgspec.json.Decoder(Event).decode


class Sorter:
    """Takes events in any order and gives them by time; those of one time in the order in which they came.

    Its temporary files go with the block; runs of ``run`` events lie in the directory that TMPDIR names.
    """

    def __init__(self, run: int = RUN) -> None:
        self._run, self._stack = run, ExitStack()
        self._kept: list[tuple[datetime, bytes]] = []
        self._files: list[BinaryIO] = []

    def __len__(self) -> int:
        """How many events it has taken."""
        return self._run * len(self._files) + len(self._kept)

    def add(self, event: Event) -> None:
        """The event is kept, on disk or in memory."""
        self._kept.append((event.time, _line(event)))
        if len(self._kept) >= self._run:
            self._spill()

    def events(self) -> Iterator[Event]:
        """All of them by time; to be read once."""
        runs = [map(_event, file) for file in self._files]
        return merge(*runs, map(_event, self._sorted()), key=attrgetter("time"))

    def _spill(self) -> None:
        file = self._stack.enter_context(TemporaryFile())  # noqa: SIM115 -- the stack closes it
        file.writelines(line + b"\n" for line in self._sorted())
        file.seek(0)
        self._files.append(file)
        self._kept.clear()

    def _sorted(self) -> Iterator[bytes]:
        self._kept.sort(key=itemgetter(0))
        return map(itemgetter(1), self._kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
