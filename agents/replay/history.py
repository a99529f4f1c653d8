"""Where history comes from: a file of lines, a Parquet file, or a range of the event topics; each as events by time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from agents.replay import parquet
from agents.replay.edge import Border, edge
from agents.replay.log import events
from agents.replay.reading import STDIN, bar, batches, lines, told
from agents.replay.sorting import Sorter
from agents.replay.topic import taken
from agents.settings import Settings
from schemas.policy import Policy
from streams.intake import Event


class History(NamedTuple):
    """Events in order of time, and how many records were none, by reason."""

    events: Iterator[Event]
    refused: Mapping[str, int]


@contextmanager
def of_file(path: str) -> Iterator[History]:
    """A file's history inside the block; how it is read hangs on its ending: ``.parquet``, ``.gz``, or any other."""
    if path.endswith(parquet.ENDING):
        with parquet.rows(path) as found:
            yield History(events(found, path, "row"), {})
    else:
        with lines(path) as found:
            yield History(events(found, "standard input" if path == STDIN else path), {})


@contextmanager
def of_topics(settings: Settings, policy: Policy, begin: Sequence[Border], end: Sequence[Border]) -> Iterator[History]:
    """What a range of the event topics holds, inside the block, with bars; without a border a side is open."""
    first, until = edge("--from", begin, settings), edge("--to", end, settings)
    with Sorter() as sorter, bar() as shown:
        refused = asyncio.run(taken(settings, policy, first, until, sorter, shown))
        yield History(told(batches(sorter.events()), shown, len(sorter), int), refused)
