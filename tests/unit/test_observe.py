"""What an observer shows of a partition from its opening on, and no longer than its owner has it."""

import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agents.clock import SystemClock
from agents.lines import Lines
from agents.metrics import Metrics
from agents.observe import Observer
from agents.products import Products
from schemas.channel import Channel
from schemas.counts import Counts, Tally
from streams.govern import open_govern
from tests.dispatching import T0, policy
from tests.governing import Governed


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def observer(registry: CollectorRegistry) -> Observer:
    return Observer(Metrics(registry), Lines(Products(SystemClock())))


def on(registry: CollectorRegistry, name: str) -> list[str]:
    """The label sets of a metric's series that are not 0."""
    lines = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", generate_latest(registry).decode(), re.MULTILINE)
    return [labels for labels, value in lines if float(value)]


def test_an_open_breaker_is_shown_from_the_opening_on(observer: Observer, registry: CollectorRegistry) -> None:
    """A governor that was started again says nothing on its topic until a breaker moves; the gauge must not wait."""
    before = Governed(policy())
    tally = Tally(minute=int(T0.timestamp()) // 60, channel=Channel.SMS, round=0, sends=200, complaints=9, failures=0)
    before.work(Counts(partition=0, number=1, at=T0, tallies=(tally,), wants={}), now=T0)
    observer.opening(open_govern(policy()))(0, before.table, None)
    assert on(registry, "churn_breaker_state") == ['{channel="sms",state="open"}', '{channel="push",state="closed"}']
    observer.state(0, "closed")
    assert on(registry, "churn_breaker_state") == [], "another worker's governor shows them now"


def test_a_partition_that_left_shows_nothing(observer: Observer, registry: CollectorRegistry) -> None:
    observer.state(3, "ready")
    observer.turned(3)
    observer.stored(3, 7)
    assert on(registry, "churn_partition_turn_timestamp_seconds") == on(registry, "churn_state_records")
    observer.state(3, "closed")
    assert on(registry, "churn_partition_turn_timestamp_seconds") == on(registry, "churn_state_records") == []


def test_waits_are_told_by_topic(observer: Observer, registry: CollectorRegistry) -> None:
    observer.waited("app.events", 0.3)
    observer.waited("churn.warnings", 40.0)
    shown = on(registry, "churn_record_wait_seconds_bucket")
    assert '{le="0.5",topic="app.events"}' in shown
    assert '{le="0.2",topic="app.events"}' not in shown
    assert '{le="30.0",topic="churn.warnings"}' not in shown
