"""Event to warning at half load: how long after its cause was sent does a committed warning reach a consumer.

The cause of a warning is the first event of its partition whose time moves the watermark to the warning's time or
past it; it was sent when the app handed it to its producer. Warnings of the first seconds do not count.
"""

import json
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, NamedTuple

from bench.cluster import Cluster, Sent, send
from bench.installation import Installation, policy
from bench.source import PARTITIONS, visits
from schemas import topics

WARM_UP_SECONDS: Final = 15
SECONDS: Final = 20
SLICE_SECONDS: Final = 0.005
LINGER_MS: Final = 2


class Arrived(NamedTuple):
    """A warning on its topic: where, when seen (monotonic), the event time it speaks for (seconds since 1970)."""

    partition: int
    seen: float
    at: float


class Sends:
    """When which event time was first reached in each partition."""

    def __init__(self) -> None:
        self._times: list[list[int]] = [[] for _ in range(PARTITIONS)]
        self._sent: list[list[float]] = [[] for _ in range(PARTITIONS)]

    def note(self, record: Sent, now: float) -> None:
        """An event is about to be handed to the producer."""
        times = self._times[record.partition]
        if not times or record.timestamp > times[-1]:
            times.append(record.timestamp)
            self._sent[record.partition].append(now)

    def cause(self, partition: int, at: float) -> float:
        """When the event was sent that brought the partition's newest event time to ``at``."""
        return self._sent[partition][bisect_left(self._times[partition], at * 1000)]


def latency(cluster: Cluster, redis_url: str, rate: float) -> dict[str, Any]:
    """p50 and p99 in milliseconds at ``rate`` events a second."""
    log = visits(int(rate * (WARM_UP_SECONDS + SECONDS)))
    with (
        tempfile.TemporaryDirectory(prefix="bench-latency") as folder,
        Installation(cluster, redis_url, "bench-latency", Path(folder)) as here,
    ):
        here.start().wait()
        arrived, stop = list[Arrived](), threading.Event()
        looking = threading.Thread(target=_look_on, args=(here, arrived, stop))
        looking.start()
        try:
            begun = time.monotonic()
            sends = _send(here, log, rate)
            took = time.monotonic() - begun
            time.sleep(1.0)  # what is on its way arrives
        finally:
            stop.set()
            looking.join()
    delay = policy().intake.watermark_delay_seconds
    counted = [one for one in arrived if one.seen - begun > WARM_UP_SECONDS]
    waits = sorted(1_000 * (one.seen - sends.cause(one.partition, one.at + delay)) for one in counted)
    cuts = quantiles(waits, n=100, method="inclusive")
    return {
        "latency_p50_ms": cuts[49],
        "latency_p99_ms": cuts[98],
        "latency_max_ms": waits[-1],
        "warnings": len(waits),
        "rate_asked": rate,
        "rate_sent": len(log) / took,
    }


def _send(here: Installation, log: Sequence[Sent], rate: float) -> Sends:
    """Send at a steady rate, in slices; after a delay the slice is larger, so that the load stays what it shall be."""
    producer = here.cluster.producer(**{"linger.ms": LINGER_MS})
    topic, sends, sent, begun = here.topic(topics.EVENTS), Sends(), 0, time.monotonic()
    while sent < len(log):
        for record in log[sent : (until := int((time.monotonic() - begun) * rate))]:
            sends.note(record, time.monotonic())
            send(producer, topic, record)
        sent = max(sent, until)
        time.sleep(SLICE_SECONDS)
    producer.flush(30)
    return sends


def _look_on(here: Installation, arrived: list[Arrived], stop: threading.Event) -> None:
    """Note every warning of a level as it arrives; a recovery has its cause in an event, not in time."""
    for now, message in here.cluster.arriving(here.topic(topics.WARNINGS), stop):
        warning = json.loads(message.value())
        if warning["level"] != "recovered":
            at = datetime.fromisoformat(warning["at"]).timestamp()
            arrived.append(Arrived(message.partition(), now, at))
