"""From a word to the last worker's obedience: a complaint that opens a breaker, an operator's order.

Two dispatchers of two partitions each, two governors of which one works, real Kafka and Redis, one candidate after the
other in every partition. The clock starts when the complaint is about to be sent, or when the broker has acknowledged
the order; it stops when, in the partition that is the last, the first decision that obeys is there for a committed
reader to see. A partition's candidates come every 40 ms, so a figure is up to so much too long.
"""

import json
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from operator import attrgetter
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

from agents.clock import ScaledClock
from agents.settings.model import RoleName
from bench.cluster import Cluster, send
from bench.core_dispatch import T0, profile, warning
from bench.decisions import PLACED, records
from bench.installation import Installation, NotReady
from bench.source import PARTITIONS
from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.control import Control, ControlKind, Forced
from schemas.feedback import Feedback, FeedbackKind

POLICY: Final = Path(__file__).with_suffix(".toml")
TRIALS: Final = 30
"""Of each kind."""
RATE: Final = 25 * PARTITIONS
USERS: Final = RATE * 600
ENOUGH: Final = 5
"""So many decisions in a row in a partition say that it has changed its mind."""
SECONDS: Final = 30.0
PAUSES: Final = (0.5, 2.0)
"""Between two trials, so that they meet the workers' ticks anywhere."""
PLAYBOOK: Final = "come-back"


class Made(NamedTuple):
    """A decision as it arrived: when seen (monotonic), and what it says."""

    seen: float
    says: dict[str, Any]

    @property
    def sent(self) -> bool:
        """Whether a message went out."""
        return bool(self.says["outcome"] == "sent")


SEEN: Final = attrgetter("seen")


class Seen:
    """Decisions as they arrive, by partition."""

    def __init__(self) -> None:
        self.made: list[list[Made]] = [[] for _ in range(PARTITIONS)]

    def turned(self, since: float, sent: bool) -> float | None:
        """When the last partition's decisions became such after ``since`` and stayed so; None where not all have."""
        found = [_turned(made[bisect_right(made, since, key=SEEN) :], sent) for made in self.made]
        return None if None in found else max(each for each in found if each is not None)

    def wait(self, since: float, sent: bool) -> float:
        """The same, as soon as there is one."""
        while time.monotonic() < since + SECONDS:
            if (at := self.turned(since, sent)) is not None:
                return at
            time.sleep(0.05)
        raise NotReady(f"after {SECONDS:.0f} s not every partition {'sends' if sent else 'holds'}")


def _turned(made: list[Made], sent: bool) -> float | None:
    others = [place for place, one in enumerate(made) if one.sent is not sent]
    first = others[-1] + 1 if others else 0
    return made[first].seen if len(made) >= first + ENOUGH else None


class Trials:
    """Words said and their effect awaited, one after the other, on a running installation."""

    def __init__(self, here: Installation, clock: ScaledClock, seen: Seen) -> None:
        self._here, self._clock, self._seen = here, clock, seen
        self._producer, self._random, self._numbers = here.cluster.producer(**{"linger.ms": 0}), Random(7), count(1)

    def control(self, trial: int) -> float:
        """Milliseconds until an order is obeyed: a playbook paused, and every other time a breaker forced open."""
        kind, target, value = (
            (ControlKind.BREAKER, Channel.PUSH.value, Forced.OPEN) if trial % 2 else (ControlKind.PAUSE, PLAYBOOK, None)
        )
        self._rest()
        begun = self._say(kind, target, value)
        took = self._seen.wait(begun, sent=False) - begun
        self._lift(f"{kind}/{target}")
        return 1_000 * took

    def breaker(self, _trial: int) -> float:
        """Milliseconds until a complaint is obeyed; the breaker is closed anew by an operator's hand."""
        self._rest()
        about = next(one.says for one in reversed(self._seen.made[0]) if one.sent)
        complaint = Feedback(
            id=f"complaint-{next(self._numbers)}",
            message=about["message"],
            user_id=about["user_id"],
            channel=Channel.PUSH,
            kind=FeedbackKind.COMPLAINED,
            time=self._clock.now(),
        )
        begun = time.monotonic()
        self._put(complaint)
        took = self._seen.wait(begun, sent=False) - begun
        self._seen.wait(self._say(ControlKind.BREAKER, Channel.PUSH.value, Forced.CLOSED), sent=True)
        self._lift(f"{ControlKind.BREAKER}/{Channel.PUSH}")
        return 1_000 * took

    def _rest(self) -> None:
        time.sleep(self._random.uniform(*PAUSES))

    def _say(self, kind: ControlKind, target: str, value: Forced | None) -> float:
        """An operator says so; returns when the broker had it."""
        now = self._clock.now()
        return self._put(Control(kind=kind, target=target, value=value, who="bench", why="reaction", at=now))

    def _lift(self, key: str) -> None:
        """An operator takes it back, and every partition sends again."""
        self._producer.produce(self._here.topic(topics.CONTROL), None, key, 0)
        self._producer.flush(SECONDS)
        self._seen.wait(time.monotonic(), sent=True)
        self._until_closed()

    def _until_closed(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            *_, newest = self._here.cluster.read(self._here.topic(topics.BREAKERS))
            if json.loads(newest.value() or b"")["state"] == "closed":
                return
        raise NotReady("the breaker is still forced")

    def _put(self, message: Message) -> float:
        (record,) = records([message])
        if message.TOPIC == topics.CONTROL:
            record = record._replace(partition=0)
        send(self._producer, self._here.topic(message.TOPIC), record)
        self._producer.flush(SECONDS)
        return time.monotonic()


def reaction(cluster: Cluster, redis_url: str) -> dict[str, Any]:
    """Medians and longest of some tens of trials of each kind, in milliseconds."""
    name = "bench-reaction"
    with (
        tempfile.TemporaryDirectory(prefix=name) as folder,
        Installation(cluster, redis_url, name, Path(folder)) as here,
    ):
        users = [f"{name}-{number}" for number in range(USERS)]  # nobody whom another part has written to
        cluster.fill(here.topic(topics.PROFILES), records(map(profile, users)))
        clock = ScaledClock(T0)
        roles = (RoleName.DISPATCHER, RoleName.DISPATCHER, RoleName.GOVERNOR)
        for worker in [here.start(role, policy_path=POLICY, clock=clock) for role in roles]:
            worker.wait()
        here.wait_for_both(RoleName.DISPATCHER)
        with _traffic(here, users) as seen:
            trials = Trials(here, clock, seen)
            seen.wait(time.monotonic(), sent=True)
            control = [trials.control(trial) for trial in range(TRIALS)]
            breaker = [trials.breaker(trial) for trial in range(TRIALS)]
    return {
        "breaker_reaction_ms": median(breaker),
        "breaker_reaction_max_ms": max(breaker),
        "control_reaction_ms": median(control),
        "control_reaction_max_ms": max(control),
        "pause_reaction_ms": median(control[::2]),
        "pause_reaction_max_ms": max(control[::2]),
    }


@contextmanager
def _traffic(here: Installation, users: list[str]) -> Iterator[Seen]:
    """Candidates come and decisions are looked at inside the block."""
    seen, stop = Seen(), threading.Event()
    threads = [
        threading.Thread(target=_send, args=(here, users, stop)),
        threading.Thread(target=_look_on, args=(here, seen, stop)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _send(here: Installation, users: list[str], stop: threading.Event) -> None:
    """One candidate a partition every so often; each user once."""
    producer = here.cluster.producer(**{"linger.ms": 0})
    by_partition: list[list[str]] = [[] for _ in range(PARTITIONS)]
    for user in users:
        by_partition[PLACED.of(user.encode())].append(user)
    begun, topic = time.monotonic(), here.topic(topics.WARNINGS)
    for number, row in enumerate(zip(*by_partition, strict=False)):
        for record in records(map(warning, row)):
            send(producer, topic, record)
        if stop.wait(max(0.0, begun + number * PARTITIONS / RATE - time.monotonic())):
            break
    producer.flush(SECONDS)


def _look_on(here: Installation, seen: Seen, stop: threading.Event) -> None:
    for now, message in here.cluster.arriving(here.topic(topics.DECISIONS), stop):
        seen.made[message.partition() or 0].append(Made(now, json.loads(message.value() or b"{}")))
