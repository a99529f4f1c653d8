"""One role as one Faust app: the only place where roles, path, board, metrics and clock meet."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import faust
from aiohttp.web import Response
from faust.auth import SASLCredentials, SSLCredentials
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from agents.batches.role import Config, Nowhere, World
from agents.batches.runner import Runner
from agents.batches.table import MemoryTable, Table
from agents.board import Desk, Link, RedisBoard
from agents.clock import Clock
from agents.connection import kafka_options
from agents.lines import Lines
from agents.metrics import Metrics
from agents.observe import Observer
from agents.products import Products
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from agents.roles.spec import RoleSpec
from agents.settings import Settings
from agents.settings.model import RoleName
from agents.topics.specs import CHANGELOG
from schemas.policy import Policy
from schemas.topics import ONE_PARTITION

HEARTBEATS_PER_SESSION = 4
FETCH_BYTES = 4 << 20
"""What one fetch of one partition brings at most; with 1 MB a backlog is worked off a fifth slower."""

BOARD_SECONDS = 2.0
"""How often Redis is asked whether it is there, work or not: its gauge shall not wait for the next message."""


def role_table(settings: Settings, policy: Policy) -> dict[RoleName, Callable[[], RoleSpec]]:
    """Every role this program has."""
    return {
        RoleName.HEALTH: lambda: health(policy, settings.event_topics, settings.placement),
        RoleName.DISPATCHER: lambda: dispatcher(policy, settings.placement),
        RoleName.GOVERNOR: lambda: governor(policy),
    }


def build_app(
    settings: Settings,
    policy: Policy,
    name: RoleName,
    clock: Clock,
    point: Callable[[str], None] = lambda name: None,
    restarts: int = 0,
) -> faust.App:
    """A Faust app that runs one role when its worker starts; ``point`` is told the named places it passes.

    ``restarts`` is how often this role was started again before, for its metric.
    """
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):  # memory, processor time, files, Python
        collector(registry=registry)
    metrics = Metrics(registry)
    metrics.policy.labels(policy.name, policy.hash).set(1)
    metrics.process.labels(name, version("churn-alerts")).set(1)
    metrics.restarts.labels(name).inc(restarts)
    observer = Observer(metrics, Lines(Products(clock)), point)
    spec = role_table(settings, policy)[name]()
    metrics.partitions.set(1 if ONE_PARTITION.issuperset(spec.topics) else settings.partitions)
    app = faust_app(settings, name)
    runner = Runner(
        app,
        _Observed(spec, observer),
        path_config(settings, name),
        clock,
        watch=observer,
        open_world=_worlds(app, settings, policy, metrics) if spec.board else lambda _number: Nowhere(),
        open_table=_tables(settings, name, clock),
    )
    _serve(app, runner, registry)
    return app


class _Observed:
    """A role whose partitions the observer knows."""

    def __init__(self, spec: RoleSpec, observer: Observer) -> None:
        self.name, self.topics, self.first, self.broadcasts = spec.name, spec.topics, spec.first, spec.broadcasts
        self.orders, self.standstill, self.user_fault = spec.orders, spec.standstill, spec.user_fault
        self.open = observer.opening(spec.open)


def faust_app(settings: Settings, name: RoleName) -> faust.App:
    """A Faust app of one role under these settings; it has a group and a folder of its own."""
    session = settings.session_timeout_seconds
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return faust.App(
        settings.group(name),
        broker=[f"kafka://{server}" for server in settings.bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=session,
        broker_heartbeat_interval=session / HEARTBEATS_PER_SESSION,
        broker_max_poll_records=settings.max_records,
        consumer_max_fetch_size=FETCH_BYTES,
        datadir=str(settings.data_dir / name.value),
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        web_enabled=True,
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.port(name),
    )


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """The same credentials for Faust's own producer as for every client of ours."""
    options = kafka_options(settings)
    if settings.security_protocol.sasl:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=options["ssl_context"],
            mechanism=options["sasl_mechanism"],
        )
    return SSLCredentials(options["ssl_context"]) if settings.security_protocol.tls else None


def path_config(settings: Settings, name: RoleName) -> Config:
    """How the path runs a role under these settings."""
    return Config(
        app_id=settings.group(name),
        connection=kafka_options(settings),
        prefix=settings.topic_prefix,
        transaction_records=settings.max_records,
        commit_timeout=settings.commit_timeout_seconds,
    )


def _worlds(app: faust.App, settings: Settings, policy: Policy, metrics: Metrics) -> Callable[[int], World]:
    """A desk at the board for each owner, over one link; the link is tried every few seconds."""
    link = Link.to(settings.redis_url, on_up=lambda up: metrics.board_up.set(up))

    async def ask() -> None:
        while not app.should_stop:
            await link.ask(lambda pipe: pipe.ping())
            await app.sleep(BOARD_SECONDS)

    app.task(ask)
    return lambda _number: Desk(RedisBoard(link, policy, settings.partitions))


def _tables(settings: Settings, name: RoleName, clock: Clock) -> Callable[[int], Table]:
    if settings.store == "memory":
        return lambda _number: MemoryTable()
    from agents.batches.table.rocksdb import RocksTable  # an extra: only those who ask for it need it

    def now_ms() -> int:
        return int((clock.now() - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)

    half = int(CHANGELOG["delete.retention.ms"]) // 2
    return lambda number: RocksTable(settings.data_dir / f"{name.value}-{number}", now_ms, half)


def _serve(app: faust.App, runner: Runner, registry: CollectorRegistry) -> None:
    """``/metrics``, ``/healthz`` (this process works) and ``/readyz`` (and every partition it was given is worked)."""

    async def metrics(_web: object, _request: object) -> Response:
        return Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_web: object, _request: object) -> Response:
        return Response(text="ok\n")

    async def readyz(_web: object, _request: object) -> Response:
        owners = sorted(runner.owners.items())
        waiting = [f"partition {number} is {owner.standing}" for number, owner in owners if not owner.working]
        if not runner.joined:
            waiting = ["no partitions assigned yet"]
        return Response(text="\n".join(waiting or ["ready"]) + "\n", status=503 if waiting else 200)

    for path, page in (("/metrics", metrics), ("/healthz", healthz), ("/readyz", readyz)):
        app.page(path)(page)
