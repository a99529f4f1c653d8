"""Every metric, once: name, meaning, labels. Labels come from closed lists and stand at zero from the start.

Never a user id, an event id or an address in a label. docs/metrics.md is written from this file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from agents.batches.sequence import Verdict
from agents.settings.model import RoleName
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.control import LASTING, ControlKind
from schemas.decision import Outcome, Reason
from schemas.reject import RejectReason
from schemas.sign import SignKind
from schemas.warning import Level, Stage
from streams.dispatch.orders import OrderOutcome
from streams.dispatch.report import OBEYED_IN_PART, Hearing
from streams.health import Move
from streams.health import Outcome as EventOutcome

M = TypeVar("M", bound=MetricWrapperBase)

OPEN = None
"""Values that are known only at run time (partitions, topics): not created beforehand, removed when they leave."""

Values = Iterable[str] | None

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
WAITS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0)
RECORDS = (0, 1, 10, 100, 300, 1_000, 3_000, 10_000, 16_000, 100_000)


LEASED = ("probes", "budget", "volume", "blast")
"""Kinds of resources, as their names begin."""
REJECTED = "rejected"
"""A record that could not be read; the reason is counted by ``churn_rejects_total``."""

UNKNOWN = "unknown"
"""A word of an operator about nothing that is known."""


class OwnerState(StrEnum):
    """What an owner of a partition becomes; ``failed`` opens again by itself, ``broken`` needs a person."""

    OPENING = "opening"
    READY = "ready"
    FAILED = "failed"
    BROKEN = "broken"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue."""

    name: str
    kind: str
    labels: dict[str, tuple[str, ...] | None]
    help: str


class Metrics:
    """The metrics of one process, registered in ``registry``; attributes are prometheus objects."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.catalogue: list[Entry] = []
        self._by_partition: list[Gauge] = []
        self.process = self._gauge(
            "churn_process_info", "1 for the role that this process runs.", role=OPEN, version=OPEN
        )
        self.policy = self._gauge(
            "churn_policy_info", "1 for the policy that this process works by.", name=OPEN, hash=OPEN
        )
        self.partitions = self._gauge("churn_role_partitions", "Partitions that the role has, whoever works them.")
        self._define_flow()
        self._define_path()
        self._define_state()

    def _define_flow(self) -> None:
        """What goes through: records in, warnings, decisions and messages out."""
        events = (*EventOutcome, REJECTED)
        self.events = self._counter("churn_events_total", "Records of event topics, by outcome.", outcome=events)
        self.profiles = self._counter(
            "churn_profiles_total",
            "Profiles taken in, by outcome.",
            outcome=("applied", "unknown_zone", OBEYED_IN_PART, REJECTED),
        )
        self.feedback = self._counter(
            "churn_feedback_total", "Feedback about messages, by outcome.", outcome=(*Hearing, OBEYED_IN_PART, REJECTED)
        )
        self.rejects = self._counter(
            "churn_rejects_total", "Records put on the dead-letter topic.", reason=RejectReason
        )
        self.unprocessable = self._counter(
            "churn_unprocessable_total",
            "Records refused because handling them fails, by topic and class of the error; topic state: users who "
            "were put aside.",
            topic=OPEN,
            error=OPEN,
        )
        self.intake = self._counter(
            "churn_intake_moves_total", "What the reject limit and operators did to a partition's intake.", move=Move
        )
        self.orders = self._counter(
            "churn_control_orders_total",
            "Operators' words on churn.control that were taken in, each once. Unreadable: a silence, suppress or pause "
            "is obeyed without an end, any other is counted again whenever a partition opens; unknown: its key names "
            "no kind.",
            kind=(*ControlKind, UNKNOWN),
            outcome=OrderOutcome,
        )
        self.warnings = self._counter("churn_warnings_total", "Warnings published.", level=Level)
        self.inhibited = self._counter(
            "churn_silence_inhibited_total",
            "Looks for silence that were put off, since too few users of the product are active: a mass dip.",
            product=OPEN,
        )
        self.stages = self._counter("churn_stage_changes_total", "Users who reached a churn stage.", stage=Stage)
        self.signs = self._counter("churn_signs_total", "Words about users for the dispatcher.", kind=SignKind)
        self.decisions = self._counter("churn_decisions_total", "Decisions published.", outcome=Outcome)
        self.reasons = self._counter(
            "churn_decision_reasons_total", "Decisions that held or dropped a candidate.", reason=Reason
        )
        self.leases = self._counter("churn_leases_total", "Leases granted to dispatchers.", kind=LEASED)
        self.outbound = self._counter("churn_outbound_total", "Messages published for sending.", channel=Channel)

    def _define_path(self) -> None:
        """How it goes: transactions, owners, order."""
        self.transaction_seconds = self._histogram(
            "churn_transaction_seconds",
            "Duration of a committed transaction; its count is the number of them.",
            SECONDS,
        )
        self.transaction_records = self._histogram(
            "churn_transaction_records", "Input records of a committed transaction; a tick has none.", RECORDS
        )
        self.waits = self._histogram(
            "churn_record_wait_seconds",
            "From the time of a fetched batch's first record to the commit that absorbed it.",
            WAITS,
            topic=OPEN,
        )
        self.verdicts = self._counter(
            "churn_sequence_verdicts_total", "Batches by what the strict order made of them.", verdict=Verdict
        )
        self.owners = self._counter(
            "churn_owner_states_total",
            "How often an owner became this: openings, errors (failed), breaks.",
            state=OwnerState,
        )
        self.restarts = self._counter(
            "churn_process_restarts_total", "Processes of a role that ended and were started again.", role=RoleName
        )

    def _define_state(self) -> None:
        """How it stands: readiness, lag, time, queues, breakers, the board."""
        self.ready = self._gauge("churn_partition_ready", "1 while the partition is worked on.", partition=OPEN)
        self.broken = self._gauge(
            "churn_partition_broken", "1 from a standstill that no retry mends until work is done.", partition=OPEN
        )
        self.turned = self._gauge(
            "churn_partition_turn_timestamp_seconds",
            "When the owner last looked for work, seconds since 1970; it does so every second, work or not.",
            partition=OPEN,
        )
        self.stored = self._gauge("churn_state_records", "Records in the partition's state.", partition=OPEN)
        self.refused = self._gauge(
            "churn_reject_ratio", "Refused records among the partition's newest, 0 to 1.", partition=OPEN
        )
        self.over = self._gauge(
            "churn_reject_over_limit", "1 from the reject limit until all is well again.", partition=OPEN
        )
        self.stopped = self._gauge(
            "churn_intake_stopped", "1 while the partition waits for `churn-alerts intake resume`.", partition=OPEN
        )
        self.lag = self._gauge(
            "churn_lag_records", "Records committed by producers and not yet absorbed.", topic=OPEN, partition=OPEN
        )
        self.watermark = self._gauge(
            "churn_watermark_timestamp_seconds",
            "Event time reached, seconds since 1970.",
            partition=OPEN,
            product=OPEN,
        )
        self.still_after = self._gauge(
            "churn_feed_still_after_seconds",
            "A gap between events after which the product's feed stands still: ten times the usual, an hour at least.",
            partition=OPEN,
            product=OPEN,
        )
        self.speed = self._gauge(
            "churn_product_speed_ratio",
            "How fast the product's time runs: usually 1, under 0.75 in a mass dip, 0 while silence is inhibited.",
            partition=OPEN,
            product=OPEN,
        )
        self.warming_up = self._gauge(
            "churn_product_warming_up",
            "1 while too little was learned of the product for its index to be calibrated.",
            partition=OPEN,
            product=OPEN,
        )
        self.deadlines = self._gauge("churn_deadlines_queued", "Moments waiting to be looked at.", partition=OPEN)
        self.held = self._gauge("churn_held_messages", "Candidates waiting to be judged again.", partition=OPEN)
        self.in_force = self._gauge(
            "churn_control_in_force",
            "Operators' orders that stand; their sum over partitions is all of them.",
            partition=OPEN,
            kind=LASTING,
        )
        self.paused = self._gauge(
            "churn_blast_paused", "1 while a run far above the usual waits for `churn-alerts control release`."
        )
        self.breaker = self._gauge(
            "churn_breaker_state",
            "1 for the state that a channel's breaker is in.",
            channel=Channel,
            state=BreakerState,
        )
        self.board_up = self._gauge(
            "churn_board_up", "1 while Redis answers, 0 while it does not; not a number where the role never asks it."
        )
        self.board_up.set(float("nan"))

    def enter(self, partition: int, state: OwnerState) -> None:
        """An owner has entered a state: counted, and the partition's readiness shows it."""
        self.owners.labels(state).inc()
        self.ready.labels(partition).set(state is OwnerState.READY)
        broken = self.broken.labels(partition)
        if state in {OwnerState.BROKEN, OwnerState.READY}:  # each try to open it again leaves it broken
            broken.set(state is OwnerState.BROKEN)
        if state is OwnerState.CLOSED:
            self._forget(partition)

    def breaker_is(self, channel: Channel, state: BreakerState) -> None:
        """A channel's breaker is in this state and in no other."""
        for each in BreakerState:
            self.breaker.labels(channel, each).set(each is state)

    def _forget(self, partition: int) -> None:
        """Another worker has the partition now: what we knew of it must not be shown as if it still held."""
        for gauge in self._by_partition:
            gauge.remove_by_labels({"partition": str(partition)})
        for channel, state in product(Channel, BreakerState):  # the governor's only partition took them along
            self.breaker.labels(channel, state).set(0)
        self.paused.set(0)

    def _counter(self, name: str, help: str, /, **labels: Values) -> Counter:
        return self._keep("counter", Counter(name, help, tuple(labels), registry=self._registry), name, help, labels)

    def _gauge(self, name: str, help: str, /, **labels: Values) -> Gauge:
        gauge = self._keep("gauge", Gauge(name, help, tuple(labels), registry=self._registry), name, help, labels)
        if "partition" in labels:
            self._by_partition.append(gauge)
        return gauge

    def _histogram(self, name: str, help: str, buckets: Iterable[float], /, **labels: Values) -> Histogram:
        metric = Histogram(name, help, tuple(labels), buckets=tuple(buckets), registry=self._registry)
        return self._keep("histogram", metric, name, help, labels)

    def _keep(self, kind: str, metric: M, name: str, help: str, labels: dict[str, Values]) -> M:
        known = {label: None if values is OPEN else tuple(map(str, values)) for label, values in labels.items()}
        self.catalogue.append(Entry(name, kind, known, help))
        closed = [values for values in known.values() if values is not None]
        if labels and len(closed) == len(labels):
            for values in product(*closed):
                metric.labels(*values)
        return metric
