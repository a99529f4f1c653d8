"""What every test may ask for: a real Kafka and a real Redis, each started once per session, when first asked for."""

import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest

from agents.local import Kafka, Redis
from tests import cases

cases.register()


CAMPAIGNS = {"faults", "test_demo.py"}
SERVERS = {"integration", "path", "ops"}
"""Folders and files of tests that wait for real servers and processes most of their time."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that need real servers run in two processes, each with its own, while laws run beside them in others."""
    if CAMPAIGNS.intersection(item.path.parts):
        item.add_marker(pytest.mark.xdist_group("campaigns"))
    elif SERVERS.intersection(item.path.parts) or item.get_closest_marker("kafka"):
        item.add_marker(pytest.mark.xdist_group("servers"))


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard() -> None:
    """Programs under test hear Ctrl-C and a hang-up, also where the tests run in the background (nohup, CI)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A running broker; a test that kills or pauses it leaves it running again."""
    with Kafka.start() as kafka:
        yield kafka


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A running Redis; a test that stops it leaves it running again, and no test relies on it being empty."""
    with Redis.start() as redis:
        yield redis


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics, groups and transactional ids that no other test has."""
    return f"t{uuid4().hex[:8]}."
