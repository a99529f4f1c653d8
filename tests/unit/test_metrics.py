"""Metrics: all known from the start, closed labels, nothing left of a partition that has gone."""

import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agents.batches.sequence import Verdict
from agents.metrics import Metrics, OwnerState
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Reason
from schemas.reject import RejectReason

UNITS = (
    "_total", "_seconds", "_records", "_info", "_ready", "_broken", "_up", "_state", "_queued", "_messages", "_ratio",
    "_limit", "_stopped", "_partitions", "_paused", "_in_force",
)  # fmt: skip


@pytest.fixture
def registry() -> CollectorRegistry:
    """An empty registry."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    """The metrics in it."""
    return Metrics(registry)


def series(registry: CollectorRegistry, name: str) -> dict[str, float]:
    """Labels -> value of a metric's series."""
    found = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", generate_latest(registry).decode(), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("churn_rejects_total", "reason", RejectReason),
        ("churn_decision_reasons_total", "reason", Reason),
        ("churn_sequence_verdicts_total", "verdict", Verdict),
        ("churn_owner_states_total", "state", OwnerState),
        ("churn_outbound_total", "channel", Channel),
    ],
)
def test_closed_labels_stand_at_zero_from_the_start(
    registry: CollectorRegistry, metrics: Metrics, name: str, label: str, values: type
) -> None:
    """An alert on a rate works from the first failure on."""
    assert series(registry, name) == {f'{{{label}="{value}"}}': 0.0 for value in values}


def test_names_are_ours_with_base_units_and_a_sentence_of_help(metrics: Metrics) -> None:
    for entry in metrics.catalogue:
        assert entry.name.startswith("churn_")
        assert entry.name.endswith(UNITS)
        assert (entry.kind == "counter") == entry.name.endswith("_total")
        assert entry.help.endswith(".")


def test_no_label_can_hold_a_user(metrics: Metrics) -> None:
    """Labels without a closed list are few, and none of them is about a person; products are listed in the policy."""
    free = {label for entry in metrics.catalogue for label, values in entry.labels.items() if values is None}
    assert free == {"partition", "product", "topic", "role", "version", "name", "hash", "error"}


def test_the_catalogue_has_every_metric_that_is_exposed(registry: CollectorRegistry, metrics: Metrics) -> None:
    exposed = set(re.findall(r"^# HELP (churn_\S+)", generate_latest(registry).decode(), re.MULTILINE))
    assert {name for name in exposed if not name.endswith("_created")} == {entry.name for entry in metrics.catalogue}


def test_an_owner_is_ready_only_while_it_is(registry: CollectorRegistry, metrics: Metrics) -> None:
    shown = []
    opened, failed, broken = OwnerState.OPENING, OwnerState.FAILED, OwnerState.BROKEN
    for state in (opened, OwnerState.READY, failed, broken, opened, failed, opened, OwnerState.READY):
        metrics.enter(3, state)
        shown.append((series(registry, "churn_partition_ready"), series(registry, "churn_partition_broken")))
    label = '{partition="3"}'
    alike = ((0, 0), (1, 0), (0, 0), (0, 1), (0, 1), (0, 1), (0, 1), (1, 0))
    assert shown == [({label: ready}, {label: broken}) for ready, broken in alike], "broken until it is ready"
    assert series(registry, "churn_owner_states_total")['{state="failed"}'] == 2


def test_nothing_is_shown_of_a_partition_that_went_to_another_worker(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    """A lag that nobody updates would look like a partition that stands still."""
    for number in (3, 4):
        metrics.enter(number, OwnerState.READY)
        metrics.lag.labels("app.events", number).set(9)
        metrics.watermark.labels(number, "shop").set(1)
    metrics.enter(3, OwnerState.CLOSED)
    text = generate_latest(registry).decode()
    assert 'partition="3"' not in text
    assert 'churn_lag_records{partition="4",topic="app.events"} 9.0' in text


def test_a_breaker_is_in_one_state(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.breaker_is(Channel.SMS, BreakerState.OPEN)
    metrics.breaker_is(Channel.SMS, BreakerState.HALF_OPEN)
    on = [labels for labels, value in series(registry, "churn_breaker_state").items() if value]
    assert on == ['{channel="sms",state="half_open"}']
