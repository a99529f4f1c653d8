"""The reference producer and consumer on real Kafka and Redis, the consumer killed in the middle of a send."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agents.local import Kafka, Redis
from schemas.channel import Channel
from schemas.feedback import FeedbackKind
from schemas.outbound import Outbound
from tests.integration.company import ROOT, Company

pytestmark = pytest.mark.kafka
EXAMPLES = ROOT / "deploy/examples"
WAIT_SECONDS = 60.0
NOW = datetime.now(UTC)  # noqa: TID251 - the examples read the machine's clock
BEFORE, AFTER = 10, 20
"""Requests from which on the consumer is killed once: before the gateway has taken the message, and after."""


class Gateway:
    """An SMS gateway on this machine: remembers every message it took, and has its moods."""

    def __init__(self, keeps_keys: bool) -> None:
        self.taken: Counter[str] = Counter()
        self.requests = 0
        self.kill: Callable[[], None] = lambda: None
        self.killed_at: dict[int, str] = {}
        self._keeps_keys = keeps_keys
        self._busy: set[str] = set()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Idempotency-Key"] == body["id"]
                status = gateway.asked(body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/send"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def asked(self, body: Mapping[str, Any]) -> int | None:
        """The answer to a request; None: it was taken or not, and whoever asked is dead."""
        self.requests += 1
        key, number = body["id"], self.requests
        if body["user_id"] == "user-5" and key not in self._busy:
            self._busy.add(key)
            return 503
        if body["user_id"] == "user-6":
            return 400
        if number >= BEFORE and BEFORE not in self.killed_at:
            return self._kill(BEFORE, key)
        if key not in self.taken or not self._keeps_keys:
            self.taken[key] += 1
        if number >= AFTER and AFTER not in self.killed_at:
            return self._kill(AFTER, key)
        return 200

    def _kill(self, when: int, key: str) -> None:
        self.killed_at[when] = key
        self.kill()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def consumer(company: Company, redis: Redis, gateway: Gateway, *flags: str) -> Iterator[Callable[[], bool]]:
    """The consumer under somebody who starts it again; yields how to say that it has died since."""
    command = [
        sys.executable, str(EXAMPLES / "consumer.py"), "--bootstrap", company.bootstrap, "--redis", redis.url,
        "--prefix", company.prefix, "--channel", "sms", "--provider", gateway.url, "--session-seconds", "2", *flags,
    ]  # fmt: skip
    running = [subprocess.Popen(command)]
    gateway.kill = lambda: (os.kill(running[0].pid, signal.SIGKILL), running[0].wait())[0]

    def keep() -> bool:
        if running[0].poll() is None:
            return False
        assert running[0].returncode == -signal.SIGKILL
        running[0] = subprocess.Popen(command)
        return True

    try:
        yield keep
        running[0].send_signal(signal.SIGTERM)
        assert running[0].wait(30) == 0, "a drained stop"
    finally:
        running[0].kill()
        running[0].wait()


@pytest.fixture
def company(kafka: Kafka, topic_prefix: str) -> Company:
    return Company(kafka.bootstrap, topic_prefix)


def message(
    number: int, *, prefix: str, channel: Channel = Channel.SMS, left: timedelta = timedelta(hours=1)
) -> Outbound:
    return Outbound(
        id=f"{prefix}{channel}-{number}", recall="r", episode="e", stage="at_risk", warning="w",
        user_id=f"user-{number}", product="default", channel=channel, playbook="p", template="t", cost=0.05, priority=3,
        at=NOW - timedelta(hours=1), expires=NOW + left, policy_hash="h",
    )  # fmt: skip


def eventually(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.mark.parametrize("keeps_keys", [True, False], ids=["provider keeps keys", "provider does not"])
def test_each_key_is_sent_once_though_the_consumer_is_killed_in_the_middle(
    company: Company, redis_server: Redis, keeps_keys: bool
) -> None:
    """Twice: when the gateway has not taken the message yet, and when it has and the answer is on its way."""
    mails = message(90, prefix=company.prefix, channel=Channel.EMAIL)
    expired = message(91, prefix=company.prefix, left=timedelta(seconds=-1))
    never = message(92, prefix=company.prefix)
    wanted = [message(number, prefix=company.prefix) for number in range(30)]
    company.publish([never], abort=True)
    company.publish([expired, mails, *wanted])
    gateway = Gateway(keeps_keys)
    try:
        with consumer(company, redis_server, gateway, *["--provider-keeps-keys"] * keeps_keys) as died:
            last = message(93, prefix=company.prefix)
            restarts = 0
            deadline = time.monotonic() + WAIT_SECONDS
            while restarts < 2 or len(gateway.taken) < len(wanted) - 1 - (not keeps_keys):
                restarts += died()
                assert time.monotonic() < deadline, (restarts, gateway.requests, gateway.taken)
                time.sleep(0.05)
            company.publish([last])
            eventually(lambda: last.id in gateway.taken, "the last message")
            doubtful = set() if keeps_keys else set(gateway.killed_at.values())
            reported = {one.id for one in [*wanted, last]} - doubtful
            eventually(lambda: {each.message for each in company.feedback()} == reported, "the reports")
    finally:
        gateway.close()
    refused = message(6, prefix=company.prefix).id
    lost = {refused} if keeps_keys else {refused, gateway.killed_at[BEFORE]}
    assert gateway.taken == Counter({one.id: 1 for one in [*wanted, last] if one.id not in lost})
    kinds = {each.message: each.kind for each in company.feedback()}
    assert kinds == {name: FeedbackKind.FAILED if name == refused else FeedbackKind.ACCEPTED for name in reported}


def test_what_the_producer_sends_is_read_as_events_where_they_belong(company: Company) -> None:
    events = [
        {"id": f"e-{n}", "source": "app", "type": "app.opened", "time": NOW.isoformat(), "user_id": f"user-{n}"}
        for n in range(20)
    ]
    lines = "\n".join(json.dumps(event) for event in events) + "\n"
    assert produced(company, lines).stdout == "20 events acknowledged\n"
    assert sorted(event.id for event in company.events()) == sorted(event["id"] for event in events)


def test_the_producer_names_what_an_event_lacks(company: Company) -> None:
    failed = produced(company, '{"id": "e-1", "source": "app", "type": "app.opened"}\n')
    assert failed.returncode != 0
    assert "event 'e-1' has no time, user_id" in failed.stderr


def produced(company: Company, lines: str) -> subprocess.CompletedProcess[str]:
    words = ["--bootstrap", company.bootstrap, "--topic", company.prefix + "app.events"]
    command = [sys.executable, str(EXAMPLES / "producer.py"), *words]
    return subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60, check=False)
