"""Files of lines: plain, ``.gz``, or standard input; with a bar that shows how many of their bytes were read."""

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

STDIN: Final = "-"
BUFFER: Final = 1 << 20
SHOWN: Final = 10_000
"""Lines between two looks at how far the file is."""


@contextmanager
def lines(path: str) -> Iterator[Iterator[bytes]]:
    """The lines of a file inside the block; the bar goes by the file's own bytes, so it is right for ``.gz``, too."""
    with ExitStack() as stack:
        raw = sys.stdin.buffer if path == STDIN else stack.enter_context(Path(path).open("rb"))
        source: BinaryIO = raw
        if path.endswith(".gz"):
            unpacked = stack.enter_context(gzip.open(raw, "rb"))
            source = stack.enter_context(io.BufferedReader(unpacked, BUFFER))
        size = None if path == STDIN else Path(path).stat().st_size
        yield _shown(source, raw, size, stack.enter_context(bar()))


def bar() -> Progress:
    """How far a replay is, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=4,
    )


def _shown(source: BinaryIO, raw: BinaryIO, size: int | None, shown: Progress) -> Iterator[bytes]:
    task, number = shown.add_task("replay", total=size), 0
    while some := list(islice(source, SHOWN)):
        yield from some
        number += len(some)
        shown.update(task, completed=raw.tell() if size is not None else 0, description=f"{number:,} events")
