"""Files of lines: plain, ``.gz``, or standard input; with a bar that shows how many of their bytes were read."""

import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

STDIN: Final = "-"
BUFFER: Final = 1 << 20
SHOWN: Final = 10_000
"""Lines between two looks at how far the file is."""

T = TypeVar("T")


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
        read = raw.tell if size is not None else int
        yield told(batches(source), stack.enter_context(bar()), size, lambda _number: read())


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


def told(batches: Iterable[Sequence[T]], shown: Progress, total: int | None, done: Callable[[int], int]) -> Iterator[T]:
    """All that is in the batches; the bar goes on to what ``done`` says of so many, after each batch."""
    task, number = shown.add_task("replay", total=total), 0
    for some in batches:
        yield from some
        number += len(some)
        shown.update(task, completed=done(number), description=f"{number:,} events")


def batches(source: Iterable[T]) -> Iterator[list[T]]:
    """The source in parts, between which one looks how far it is.

    >>> [len(each) for each in batches(range(25_000))]
    [10000, 10000, 5000]
    """
    rest = iter(source)
    return iter(lambda: list(islice(rest, SHOWN)), [])
