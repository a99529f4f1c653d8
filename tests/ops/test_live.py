"""A real Prometheus looks at a real worker: targets, rules, what panels ask, and an alert on its way and back."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, load_settings
from tests.ops.prometheus import Prometheus, eventually
from tests.ops.rules import ROOT, alerts, catalogue
from tests.ops.test_dashboard import asked

pytestmark = pytest.mark.kafka
ROLES = len(RoleName)
PRODUCER = ROOT / "deploy/examples/producer.py"


@pytest.fixture(scope="module")
def settings_here(kafka: Kafka, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Settings of an installation of its own; the first of its web ports."""
    first = free_row(ROLES)
    given = {
        "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url, "TOPIC_PREFIX": f"live{first}.",
        "PARTITIONS": "2", "WEB_PORT": str(first), "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "POLICY_PATH": str(ROOT / "deploy/policies/shop.toml"),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(f"CHURN_{name}", value)
        yield first


@pytest.fixture(scope="module")
def prometheus(settings_here: int) -> Iterator[Prometheus]:
    """Prometheus, with a worker that is ready and was looked at."""
    created = CliRunner().invoke(main, ["topics", "create"])
    assert created.exit_code == 0, created.output
    with Worker(load_settings()) as worker, Prometheus(range(settings_here, settings_here + ROLES)) as prometheus:
        worker.launch()
        prometheus.launch()
        eventually(lambda: prometheus.value("sum(up)") == [ROLES], "all targets")
        yield prometheus


def test_all_targets_are_up_and_ready(prometheus: Prometheus) -> None:
    targets = prometheus.api("targets")["activeTargets"]
    assert [target["health"] for target in targets] == ["up"] * ROLES
    assert prometheus.value("sum(churn_partition_ready)") == [2 + 2 + 1]
    assert prometheus.value("churn_role_partitions") == [1, 2, 2]


def test_every_rule_is_evaluated_without_error(prometheus: Prometheus) -> None:
    """A join that fails (many to many) shows here and not in a syntax check."""
    eventually(lambda: all(rule["lastEvaluation"] > "1" for rule in prometheus.rules()), "an evaluation of all")
    judged = {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in prometheus.rules()}
    assert judged == {alert.name: ("ok", "") for alert in alerts()}


def test_a_worker_that_is_well_rings_no_bell(prometheus: Prometheus) -> None:
    """What the first look, before any answer, had thought to miss is there at the next."""
    eventually(lambda: {rule["state"] for rule in prometheus.rules()} == {"inactive"}, "silence")


def test_everything_of_the_catalogue_with_closed_labels_is_scraped(prometheus: Prometheus) -> None:
    names = set(prometheus.api("label/__name__/values"))
    closed = [entry for entry in catalogue().values() if None not in entry.labels.values()]
    assert len(closed) > 10
    assert {e.name for e in closed if f"{e.name}_bucket" not in names} <= names
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total"} <= names


@pytest.mark.parametrize(("where", "expr"), asked(), ids=[where for where, _ in asked()])
def test_what_a_panel_asks_is_answered(prometheus: Prometheus, where: str, expr: str) -> None:
    assert prometheus.api("query", query=expr)["resultType"] == "vector"


def test_breakers_are_shown_though_nothing_was_ever_sent(prometheus: Prometheus) -> None:
    eventually(lambda: prometheus.value("sum by (state) (churn_breaker_state) > 0") == [6], "six closed breakers")


def test_what_went_through_is_seen(prometheus: Prometheus, kafka: Kafka, settings_here: int) -> None:
    """Events of the reference producer: counted, their wait measured, their users' state there, owners turning."""
    at = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251 - a real worker's clock
    events = [
        {"id": f"e-{n}", "source": "app", "type": "app.opened", "time": at.isoformat(), "user_id": f"user-{n}"}
        for n in range(10)
    ]
    words = ["--bootstrap", kafka.bootstrap, "--topic", f"live{settings_here}.app.events"]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    subprocess.run([sys.executable, str(PRODUCER), *words], input=lines, text=True, timeout=60, check=True)
    health = '* on (job, instance) group_left (role) churn_process_info{role="health"}'
    eventually(lambda: prometheus.value('churn_events_total{outcome="applied"} > 0') == [10], "ten events")
    waits = 'sum(churn_record_wait_seconds_count{topic="app.events"})'
    eventually(lambda: 1 <= prometheus.value(waits)[0] <= 10, "their wait")
    eventually(lambda: prometheus.value(f"sum(churn_state_records {health})")[0] >= 10, "their state")
    assert prometheus.value(f"max by (product) (churn_watermark_timestamp_seconds {health})") == [
        pytest.approx(at.timestamp() - 60, abs=1)
    ]
    assert max(prometheus.value("time() - churn_partition_turn_timestamp_seconds")) < 10


def test_redis_away_is_seen_without_traffic_and_so_is_its_return(prometheus: Prometheus, redis_server: Redis) -> None:
    """Nobody is warned of and nobody is written to: the workers ask all the same."""
    eventually(lambda: prometheus.value("churn_board_up == 1") == [1, 1], "dispatcher and governor to be answered")
    redis_server.stop()
    try:
        eventually(lambda: prometheus.value("churn_board_up == 0") == [0, 0], "the loss to be seen")
        eventually(lambda: prometheus.alert("ChurnBoardAway") == "pending", "the alert on its way")
    finally:
        redis_server.start_again(keep_data=True)
    eventually(lambda: prometheus.alert("ChurnBoardAway") == "inactive", "its end")


def test_a_killed_role_comes_back_and_is_counted(prometheus: Prometheus, settings_here: int) -> None:
    os.kill(pid_of("health", settings_here), signal.SIGKILL)
    eventually(lambda: prometheus.value('churn_process_restarts_total{role="health"} > 0') == [1], "the restart")
    eventually(lambda: prometheus.value("sum(up)") == [ROLES], "its pages")
    eventually(lambda: prometheus.value("sum(churn_partition_ready)") == [2 + 2 + 1], "its partitions")
    assert prometheus.alert("ChurnProcessRestarts") == "inactive", "once is as it should be"


def pid_of(role: str, port: int) -> int:
    """The process of a role of the worker whose first web port this is (Linux)."""
    mark = f"CHURN_WEB_PORT={port}\0".encode()
    words = f"agents.process\0{role}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if words in (folder / "cmdline").read_bytes() and mark in (folder / "environ").read_bytes():
                return int(folder.name)
    raise AssertionError(f"no process of {role} found")
