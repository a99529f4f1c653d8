"""A campaign: two real workers, traffic that never stops, blow after blow; then time to settle, then the oracle."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from agents.clock import ScaledClock
from agents.local import Kafka, Redis
from agents.settings import load_settings
from agents.settings.model import RoleName
from agents.topics import create_topics, topic_specs
from tests.faults.blows import BLOWS, BROKER_KILLED, STILL, WORKING, Scene, deal
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.operators import Operators
from tests.faults.oracle import Oracle
from tests.faults.oracle_orders import Witness
from tests.faults.rules import PATH, Rules
from tests.faults.standing import Standing
from tests.faults.state import positions
from tests.faults.town import EVENTS, START, Town
from tests.faults.traffic import Traffic
from tests.faults.worker import ROLES, Worker
from tests.faults.worker_process import BUGS

POLL_SECONDS = 0.5
START_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """How long and how hard; the same plan deals the same blows to the same town."""

    faults: int = 30
    seed: int = 7
    events: int = 100_000
    """At least so many once every partition works; and traffic goes on until the last blow has fallen."""
    people: int = 3_000
    speed: float = 36_000
    """Simulated seconds a second: a day in 2.4 s."""
    kinds: Sequence[str] = tuple(BLOWS)
    points: Sequence[str] = WORKING
    """Where ``killed_at_point`` strikes."""
    roles: Sequence[str] = ROLES
    """Whom ``role_killed`` strikes."""
    workers: int = 2
    partitions: int = 4
    session_seconds: float = 6.0
    pauses: tuple[float, float] = (1.0, 5.0)
    """Seconds between the end of a blow and the next."""
    settle_seconds: float = 180.0
    patience: float = 1.0
    """How many seconds a promised second may take, where words are to be heard in time."""
    bugs: Sequence[str] = ()
    prefix: str = ""


@dataclass
class Result:
    """What came of it."""

    plan: Plan
    findings: Findings
    sizes: dict[str, int]
    dealt: Counter[str]
    events: int
    restarts: int
    seconds: dict[str, float] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        """The result as one JSON object."""
        return {
            "faults": self.dealt.total(),
            "events": self.events,
            **self.findings.counts(),
            "seed": self.plan.seed,
            "by_kind": dict(sorted(self.dealt.items())),
            "workers_started_again": self.restarts,
            **self.sizes,
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
        }


class Campaign:
    """One plan carried out on a Kafka, a Redis and a folder; ``say`` hears what happens as it happens."""

    def __init__(self, plan: Plan, kafka: Kafka, redis: Redis, folder: Path, say: Callable[[str], None]) -> None:
        self._plan, self._kafka, self._redis, self._say = plan, kafka, redis, say
        self._blows, self._pauses = random.Random(f"blows {plan.seed}"), random.Random(f"pauses {plan.seed}")
        self._clock = ScaledClock(START, plan.speed)
        environment = self._environment()
        self._settings = load_settings(**_named(environment))
        environment["CHURN_CLOCK"] = f"{START.isoformat()} {plan.speed} {self._clock.origin}"
        environment[BUGS] = " ".join(plan.bugs)
        # One keeps its state in memory and one on disk, so both kinds of recovery are struck.
        stores = [{"CHURN_STORE": store} for store in ("memory", "rocksdb")]
        self._workers = [
            Worker(f"worker {n}", folder / f"worker-{n}", environment | stores[n % 2]) for n in range(plan.workers)
        ]
        town = Town(plan.seed, plan.people, START)
        names, playbooks = [person.name for person in town.people], Rules().names
        self._traffic = Traffic(
            kafka.bootstrap, plan.prefix, town, Operators(plan.seed, names, playbooks, plan.speed),
            self._clock, plan.seed, plan.partitions,
        )  # fmt: skip
        self._witness = Witness(plan.patience * plan.speed, self._traffic.ordered)
        self._dealt: Counter[str] = Counter()
        self._restarts = 0
        self._standing = Standing()

    def _environment(self) -> dict[str, str]:
        plan = self._plan
        return {
            "CHURN_BOOTSTRAP_SERVERS": self._kafka.bootstrap,
            "CHURN_REDIS_URL": self._redis.url,
            "CHURN_POLICY_PATH": str(PATH),
            "CHURN_TOPIC_PREFIX": plan.prefix,
            "CHURN_PARTITIONS": str(plan.partitions),
            "CHURN_SESSION_TIMEOUT_SECONDS": str(plan.session_seconds),
            "CHURN_COMMIT_TIMEOUT_SECONDS": "10",
        }

    async def run(self) -> Result:
        """The result; no worker is left, whatever happens."""
        begun = time.monotonic()
        await self._create_topics()
        self._book = self._open_book()
        oracle = self.oracle = Oracle(self._book, self._changelogs(), self._plan.partitions, self._witness)
        try:
            for worker in self._workers:
                worker.start()
            await self._strike()
            struck = time.monotonic()
            await self._settle(oracle)
        finally:
            for worker in self._workers:
                worker.end()
        settled = time.monotonic()
        findings, sizes = await asyncio.to_thread(oracle.judge)
        findings.lost += [f"{record} was acknowledged and is not on its topic" for record in self._missing()]
        findings.standing += self._standing.found
        result = Result(self._plan, findings, sizes, self._dealt, len(self._book.read(EVENTS)), self._restarts)
        result.seconds = {
            "traffic": struck - begun,
            "settling": settled - struck,
            "judging": time.monotonic() - settled,
        }
        return result

    async def _create_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka.bootstrap)
        try:
            await admin.start()
            await create_topics(admin, topic_specs(self._settings, simulated_time=True), self._plan.partitions)
        finally:
            await admin.close()

    def _changelogs(self) -> dict[str, str]:
        prefix = self._plan.prefix
        return {role.value: self._settings.changelog(role).removeprefix(prefix) for role in RoleName}

    def _open_book(self) -> Book:
        prefix, keyed = self._plan.prefix, self._plan.partitions
        topics = {spec.name.removeprefix(prefix): spec.partitions(keyed) for spec in topic_specs(self._settings)}
        return Book(self._kafka.bootstrap, prefix, topics, self._changelogs().values())

    async def _strike(self) -> None:
        """Blows until the plan is fulfilled, then traffic until there is enough of it."""
        traffic = asyncio.create_task(self._traffic.run(), name="traffic")
        plan = self._plan
        scene = Scene(
            self._workers, self._kafka, self._redis, self._traffic, self._blows,
            plan.session_seconds, plan.points, plan.roles,
        )  # fmt: skip
        deck = deal(self._blows, list(plan.kinds))
        try:
            await self._begin(traffic)
            enough = self._traffic.events + plan.events
            while self._dealt.total() < self._plan.faults:
                await self._pause(traffic)
                await self._deal(next(deck), scene)
                self._revive()
            while self._traffic.events < enough:
                await self._pause(traffic)
            self._traffic.stop()
            await traffic
        finally:
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)

    async def _begin(self, traffic: "asyncio.Task[None]") -> None:
        """Every partition works: from here on nothing excuses it."""
        limit = time.monotonic() + START_SECONDS
        while not self._works():
            if time.monotonic() > limit:
                raise RuntimeError(f"no worker works after {START_SECONDS:.0f} s; read the logs (--keep FOLDER)")
            await self._pause(traffic)

    def _works(self) -> bool:
        """Whether every partition of every role has made its first transaction."""
        changelogs = self._changelogs()
        numbers = {role: range(1 if role == "governor" else self._plan.partitions) for role in changelogs}
        return all(positions(self._book, changelogs[role], n) for role in changelogs for n in numbers[role])

    async def _deal(self, kind: str, scene: Scene) -> None:
        begun = self._clock.now().timestamp()
        words = await BLOWS[kind](scene)
        if kind == BROKER_KILLED:
            self._standing.excuse()
        if kind in STILL:
            self._witness.still.append((begun, self._clock.now().timestamp()))
        self._dealt[kind] += 1
        self._say(f"{self._dealt.total():3} {kind}: {words}; {self._traffic.events} events sent")

    async def _pause(self, traffic: "asyncio.Task[None]") -> None:
        """Some seconds in which the topics are read on; a traffic that has failed ends the campaign."""
        _done, _ = await asyncio.wait([traffic], timeout=self._pauses.uniform(*self._plan.pauses))
        if traffic.done():
            await traffic
            raise RuntimeError("traffic ended by itself")
        await self._book.read_on()
        self._standing.look(self.oracle.behind(), time.monotonic())
        self._revive()

    def _revive(self) -> None:
        """What a process manager would do: a worker that has ended by itself is started again."""
        for worker in self._workers:
            if not worker.runs:
                self._restarts += 1
                self._say(f"{worker.name} has ended by itself and is started again")
                worker.start()

    async def _settle(self, oracle: Oracle) -> None:
        """Everything has come to its end, or the time for it has passed."""
        limit = time.monotonic() + self._plan.settle_seconds
        while time.monotonic() < limit:
            self._revive()
            await asyncio.sleep(POLL_SECONDS)
            news = await self._book.read_on()
            self._standing.look(oracle.behind(), time.monotonic())
            unfinished = oracle.unfinished()
            if not unfinished and not news:
                return
            self._say(f"    settling: {len(unfinished)} to do, such as {unfinished[:1]}")

    def _missing(self) -> list[str]:
        """Topics that hold fewer records than a broker acknowledged, by record."""
        return [
            topic
            for topic, count in self._traffic.acknowledged.items()
            for _ in range(count - len(self._book.read(topic)))
        ]


def _named(environment: dict[str, str]) -> dict[str, Any]:
    return {name.removeprefix("CHURN_").lower(): value for name, value in environment.items()}


logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that are away are the campaign's daily bread
