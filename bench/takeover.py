"""Takeover: one of two health workers is killed; how long until every partition is worked on again.

Commits are seen on the changelog, as a read-committed consumer sees them. The dead worker's partitions wait for its
session to run out, the others pause while the group rebalances: it has ended when, after the last orphan's first
commit, every partition has committed once.
"""

import tempfile
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import OFFSET_END

from agents.settings.model import RoleName
from bench.cluster import Cluster, send
from bench.installation import Installation, Worker
from bench.source import visits
from schemas import topics

RATE: Final = 1_000
EVENTS: Final = 60_000
SLICE_SECONDS: Final = 0.02
SETTLED_SECONDS: Final = 3.0
LATE_SECONDS: Final = 20.0
IN_FLIGHT_SECONDS: Final = 1.0
"""What the dead worker had committed is seen by then."""


class NotTakenOver(Exception):
    """Somebody's partitions stood still."""


def takeover(cluster: Cluster, redis_url: str) -> dict[str, Any]:
    """Seconds from ``kill -9`` to the end of the last pause, beside the session timeout."""
    name = "bench-takeover"
    with (
        tempfile.TemporaryDirectory(prefix=name) as folder,
        Installation(cluster, redis_url, name, Path(folder)) as here,
    ):
        workers = [here.start(), here.start()]
        here.wait_for_both(RoleName.HEALTH)
        for worker in workers:
            worker.wait()
        stop = threading.Event()
        sending = threading.Thread(target=_send, args=(here, stop))
        sending.start()
        try:
            seconds = _kill(here, workers[0])
        finally:
            stop.set()
            sending.join()
        session = here.settings.session_timeout_seconds
        return {"takeover_s": seconds, "session_timeout_s": session, "takeover_beyond_session_s": seconds - session}


def _send(here: Installation, stop: threading.Event) -> None:
    """Steady light traffic to all partitions."""
    producer = here.cluster.producer(**{"linger.ms": 5})
    log, topic, sent, begun = visits(EVENTS), here.topic(topics.EVENTS), 0, time.monotonic()
    while not stop.is_set():
        for record in log[sent : (until := int((time.monotonic() - begun) * RATE))]:
            send(producer, topic, record)
        sent = until
        time.sleep(SLICE_SECONDS)
    producer.flush(30)


def _kill(here: Installation, worker: Worker) -> float:
    """Kill one worker under traffic; look at the changelog until all partitions have gone on for a while."""
    consumer = here.cluster.following(here.changelog, OFFSET_END)
    commits: dict[int, list[float]] = defaultdict(list)
    quiet = here.settings.session_timeout_seconds + LATE_SECONDS
    try:
        _follow(consumer, commits, time.monotonic() + SETTLED_SECONDS)
        worker.process.kill()
        killed = time.monotonic()
        _follow(consumer, commits, killed + quiet)
    finally:
        consumer.close()
    return ended(commits.values(), killed) - killed


def _follow(consumer: Any, commits: dict[int, list[float]], until: float) -> None:
    while (now := time.monotonic()) < until:
        message = consumer.poll(0.1)
        if message is not None and not message.error():
            commits[message.partition()].append(now)


def ended(commits: Collection[Sequence[float]], killed: float) -> float:
    """When the takeover had ended, from the times of each partition's commits.

    >>> ended([[1.0, 14.2, 14.4], [1.1, 4.0, 13.0, 14.3]], killed=2.0)
    14.3
    """
    resumed = max(_next(times, killed + IN_FLIGHT_SECONDS) for times in commits)
    return max(_next(times, resumed) for times in commits)


def _next(times: Sequence[float], at: float) -> float:
    """The first commit then or later; raises :class:`NotTakenOver` when there was none."""
    after = bisect_left(times, at)
    if after == len(times):
        raise NotTakenOver(f"a partition had no commit for {LATE_SECONDS} s after the session had run out")
    return times[after]
