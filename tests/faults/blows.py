"""The faults of a campaign, one function a kind; each returns what it did in a few words.

A blow is dealt while traffic goes on and does not wait until the worker has got over it: the next may fall before.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from redis import Redis as Client
from redis.exceptions import RedisError

from agents.local import DidNotStart, Kafka, Redis
from tests.faults.traffic import Traffic
from tests.faults.worker import ROLES, Worker

OPENING = ("fenced", "recovering", "recovered")
WORKING = ("begun", "written", "prepared", "committed", "applied", "ticked")
GOVERNOR = "governor"
ORDER_SECONDS = 20.0
LAUNCH_SECONDS = 180.0
MIXED_SECONDS = 20.0
NEWER = "was written by a newer program; upgrade this worker"


@dataclass
class Scene:
    """What can be struck."""

    workers: list[Worker]
    kafka: Kafka
    redis: Redis
    traffic: Traffic
    random: random.Random
    session_seconds: float
    points: Sequence[str] = WORKING
    roles: Sequence[str] = ROLES


Blow = Callable[[Scene], Awaitable[str]]


async def role_killed(scene: Scene) -> str:
    """One role process dies; its supervisor starts it again."""
    worker, role = scene.random.choice(scene.workers), scene.random.choice(scene.roles)
    return f"{role} of {worker.name}, process {worker.signal(role, signal.SIGKILL)}"


async def worker_killed(scene: Scene) -> str:
    """A whole worker dies, supervisor first, and is started again after a while."""
    worker = scene.random.choice(scene.workers)
    worker.kill()
    return f"{worker.name}, {await _back(scene, worker)}"


async def worker_left(scene: Scene) -> str:
    """A worker is told to end, does so in good order, and is started again."""
    worker = scene.random.choice(scene.workers)
    await asyncio.to_thread(worker.stop)
    return f"{worker.name}, {await _back(scene, worker)}"


async def _back(scene: Scene, worker: Worker) -> str:
    away = scene.random.choice((0.0, 1.0, 3.0))
    await asyncio.sleep(away)
    worker.start()
    return f"away for {away} s"


async def killed_at_point(scene: Scene) -> str:
    """A role process dies at a named place in its work."""
    return await _at_point(scene, scene.random.choice(scene.points))


async def killed_in_opening(scene: Scene) -> str:
    """A role process dies, and the next one dies while it opens its partitions."""
    return await _at_point(scene, scene.random.choice(OPENING))


async def _at_point(scene: Scene, point: str) -> str:
    """One of a role's processes dies there; the governor has one partition, so either worker may have it."""
    role = scene.random.choice(ROLES)
    one = scene.random.choice(scene.workers)
    ordered = scene.workers if role == GOVERNOR else [one]
    for worker in ordered:
        worker.order(role, point)
        if point in OPENING:
            worker.signal(role, signal.SIGKILL)
    try:
        obeyed = await _first_obeyed(ordered, role)
    finally:
        for worker in ordered:
            worker.withdraw(role)
    if obeyed is None:  # it has no partitions now, so it never comes there: a plain kill instead
        return f"{role} of {one.name}, never at {point}, process {one.signal(role, signal.SIGKILL)}"
    return f"{role} of {obeyed.name} at {point}"


async def _first_obeyed(ordered: Sequence[Worker], role: str) -> Worker | None:
    limit = time.monotonic() + ORDER_SECONDS
    while time.monotonic() < limit:
        for worker in ordered:
            if worker.obeyed(role):
                return worker
        await asyncio.sleep(0.05)
    return None


async def paused_short(scene: Scene) -> str:
    """A role process stands still for less than its session."""
    return await _paused(scene, scene.random.uniform(0.3, 0.8))


async def paused_long(scene: Scene) -> str:
    """A role process stands still until others have its partitions, and then goes on as if nothing had happened."""
    return await _paused(scene, scene.random.uniform(1.3, 2.0))


async def _paused(scene: Scene, sessions: float) -> str:
    worker, role = scene.random.choice(scene.workers), scene.random.choice(ROLES)
    process = worker.signal(role, signal.SIGSTOP)
    try:
        await asyncio.sleep(sessions * scene.session_seconds)
    finally:
        worker.signal(role, signal.SIGCONT)
    return f"{role} of {worker.name}, process {process}, for {sessions * scene.session_seconds:.1f} s"


async def broker_killed(scene: Scene) -> str:
    """The only broker dies and comes back with what it had."""
    away = scene.random.choice((0.0, 1.0, 3.0))
    await asyncio.to_thread(scene.kafka.kill)
    await asyncio.sleep(away)
    begun = time.monotonic()
    await asyncio.to_thread(_launch, scene.kafka)
    return f"away for {away} s, and {time.monotonic() - begun:.0f} s until it had started"


def _launch(kafka: Kafka) -> None:
    """The broker is there again, however long it takes on a busy machine to read what it has."""
    try:
        kafka.launch()
    except DidNotStart:
        limit = time.monotonic() + LAUNCH_SECONDS
        while not kafka.answers():
            if not kafka.running or time.monotonic() > limit:
                raise
            time.sleep(0.2)


async def redis_stopped(scene: Scene) -> str:
    """Redis is away for some seconds and comes back with what it had."""
    return await _redis_back(scene, keep_data=True)


async def redis_emptied(scene: Scene) -> str:
    """Redis is away for some seconds and comes back empty."""
    return await _redis_back(scene, keep_data=False)


async def redis_stale(scene: Scene) -> str:
    """Redis comes back with what it had some seconds before it died, as a replica that lagged behind would."""
    await asyncio.to_thread(scene.redis.remember)
    await asyncio.sleep(scene.random.uniform(1.0, 4.0))
    await asyncio.to_thread(scene.redis.kill)
    await asyncio.to_thread(scene.redis.start_as_remembered)
    return "back with what it had some seconds before"


async def _redis_back(scene: Scene, keep_data: bool) -> str:
    away = scene.random.uniform(0.0, 4.0)
    await asyncio.to_thread(scene.redis.kill)
    await asyncio.sleep(away)
    await asyncio.to_thread(scene.redis.start_again, keep_data)
    return f"away for {away:.1f} s, {'with' if keep_data else 'without'} its data"


async def upgraded(scene: Scene) -> str:
    """One role becomes the next release, worker after worker; what is upgraded stays so.

    In between the first new process leaves once more, so that old ones are given partitions with records of its own.
    """
    old = [role for role in scene.roles if not all(worker.is_next(role) for worker in scene.workers)]
    if not old:
        return f"nothing, for every role is, {await worker_left(scene)}"
    role, met = scene.random.choice(old), dict[str, int]()
    for worker in scene.random.sample(scene.workers, len(scene.workers)):
        worker.upgrade(role)
        await _left_and_back(worker, role)
        met |= await _met_newer(scene, role, worker)
    return f"{role} of every worker; partitions that waited for it: {met or 'none'}"


async def _met_newer(scene: Scene, role: str, first: Worker) -> dict[str, int]:
    """How many partitions of workers that are not upgraded yet wait for one that is, by worker."""
    waiting = [worker for worker in scene.workers if not worker.is_next(role)]
    if not waiting or not await _until(lambda: first.readiness(role).startswith("ready"), MIXED_SECONDS):
        return {}
    await asyncio.sleep(scene.random.uniform(1.0, 3.0))
    await _left_and_back(first, role)
    await _until(lambda: any(NEWER in worker.readiness(role) for worker in waiting), MIXED_SECONDS)
    counts = {worker.name: worker.readiness(role).count(NEWER) for worker in waiting}
    return {name: count for name, count in counts.items() if count}


async def _left_and_back(worker: Worker, role: str) -> None:
    """The process of a role has left in good order, and its supervisor has started another."""
    process = worker.signal(role, signal.SIGTERM)
    await _until(lambda: worker.pid(role) not in (None, process), MIXED_SECONDS)


async def _until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it has come true in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if await asyncio.to_thread(true):
            return True
        await asyncio.sleep(0.1)
    return False


async def events_repeated(scene: Scene) -> str:
    """An app sends its newest events once more."""
    return f"{await scene.traffic.repeat()} events"


async def odd_records(scene: Scene) -> str:
    """Other programs write what nobody has thought of, also into Redis."""
    await asyncio.to_thread(spoil, scene.redis.url)
    return f"{await scene.traffic.odd(scene.random)} records, and Redis has a list where a number belongs"


def spoil(url: str) -> None:
    """A value of another type stands where a provider's rate is kept; a Redis that is away keeps none."""
    with contextlib.suppress(RedisError), Client.from_url(url) as redis:
        redis.delete("churn:{rate}:push")
        redis.rpush("churn:{rate}:push", "odd")


BLOWS: dict[str, Blow] = {
    blow.__name__: blow
    for blow in (
        role_killed,
        worker_killed,
        worker_left,
        killed_at_point,
        killed_in_opening,
        paused_short,
        paused_long,
        broker_killed,
        redis_stopped,
        redis_emptied,
        redis_stale,
        events_repeated,
        odd_records,
        upgraded,
    )
}


BROKER_KILLED = broker_killed.__name__
STILL = ("paused_short", "paused_long", "broker_killed")
"""Blows that kill no worker and keep it from hearing; whoever is started hears everything before he works."""


def deal(draw: random.Random, kinds: list[str]) -> Iterator[str]:
    """Kinds in random order, each as often as any other; without end."""
    while True:
        yield from draw.sample(kinds, len(kinds))
