"""The demo as a stranger runs it: it shows something, says it in JSON, ends, and leaves nothing behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.cli.demo import SHOP
from agents.demo.worker import Worker
from agents.local import DidNotStart, Ended, Kafka, Redis
from agents.local.ports import free_row
from agents.settings import load_settings

pytestmark = pytest.mark.kafka
COMMAND = [sys.executable, "-m", "agents", "demo", "--users", "600"]


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that makes its temporary folders in ``folder``, under settings of a shell that it must not follow."""
    elsewhere = {"CHURN_BOOTSTRAP_SERVERS": "production:9092", "CHURN_TOPIC_PREFIX": "prod."}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | elsewhere | {"TMPDIR": str(folder)},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said_until(process: subprocess.Popen[str], words: str) -> str:
    """What it says on stderr, up to a line that has these words."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was never said, but:\n{said}")


def assert_gone(folder: Path, said: str) -> None:
    """No temporary folder is left, and on no port that was named does anybody answer; allow a killed one a moment."""
    deadline = time.monotonic() + 10
    ports = set(map(int, re.findall(r"127\.0\.0\.1:(\d+)", said)))
    while (left := [*folder.iterdir(), *filter(listening, ports)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_demo_counts_what_happened_in_its_last_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Events become warnings, warnings decisions, and decisions messages; it ends by itself with 0."""
    with demo(tmp_path, "--seconds", "30", "--json") as process:
        out, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    summary = json.loads(out.splitlines()[-1])
    assert [*summary] == ["events", "warnings", "decisions", "outbound", "first_warning_s"]
    assert all(value > 0 for value in summary.values()), said
    assert summary["events"] > summary["warnings"]
    assert summary["decisions"] >= summary["outbound"]
    assert re.search(r"warning +user-\d+ (RISK|CRITICAL): health [\d.]+ = 100 - ", said), "with reasons"
    assert re.search(r"decision +user-\d+ \w+ (SENT on |DROPPED: |HELD: )\w+", said), "with the deciding reason"
    assert len(set(re.findall(r"127\.0\.0\.1:(\d+)", said))) == 5, "Kafka, Redis and three roles say where they are"
    assert_gone(tmp_path, said)


@pytest.mark.parametrize(
    ("words", "number", "status"),
    [
        ("Starting Kafka", signal.SIGINT, 1),
        ("worker starting", signal.SIGKILL, -signal.SIGKILL),
        ("worker ready", signal.SIGINT, 0),
    ],
)
def test_signal_ends_it_at_any_time_and_leaves_nothing(
    tmp_path: Path, words: str, number: signal.Signals, status: int
) -> None:
    """Ctrl-C while it starts, and while it shows; even ``kill -9``."""
    with demo(tmp_path) as process:
        said = said_until(process, words)
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
        assert process.returncode == status
    assert_gone(tmp_path, said)


def test_worker_is_ready_when_launched_and_logs_json_lines(
    monkeypatch: pytest.MonkeyPatch, kafka: Kafka, redis_server: Redis, topic_prefix: str
) -> None:
    """Every role works its partitions when ``launch`` returns, and every line of the log is a JSON object."""
    monkeypatch.setenv("CHURN_POLICY_PATH", str(SHOP))
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("CHURN_REDIS_URL", redis_server.url)
    monkeypatch.setenv("CHURN_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("CHURN_PARTITIONS", "2")
    monkeypatch.setenv("CHURN_WEB_PORT", str(free_row(3)))
    subprocess.run([sys.executable, "-m", "agents", "topics", "create"], check=True)
    with Worker(load_settings()) as worker:
        worker.launch()
        assert worker.answers()
        worker.stop()
        assert not worker.answers()
        lines = [json.loads(line) for line in worker.log.splitlines()]
    assert any("opened at" in line["message"] for line in lines)


def test_worker_that_refuses_to_start_is_told_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error carries the end of the worker's log, which says what to do."""
    monkeypatch.setenv("CHURN_POLICY_PATH", str(SHOP))
    monkeypatch.setenv("CHURN_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_row(1)}")
    with Worker(load_settings()) as worker, pytest.raises(DidNotStart, match=r"is a broker running there\?"):
        worker.launch()


def test_worker_that_ends_by_itself_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is gone cannot be mistaken for a quiet one."""
    monkeypatch.setenv("CHURN_POLICY_PATH", "nowhere.toml")
    with Worker(load_settings()) as worker:
        with pytest.raises(DidNotStart):
            worker.launch()
        with pytest.raises(Ended, match=r"ended by itself[\s\S]*nowhere\.toml"):
            worker.must_run()


def test_faulty_policy_is_told_before_anything_starts(tmp_path: Path) -> None:
    """The error names file and fix, and there is nothing to clean up."""
    with demo(tmp_path, "--policy", "nowhere.toml") as process:
        out, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "nowhere.toml" in said
    assert "give the path of a readable policy file" in said
    assert "Starting" not in out + said
