"""What the path and the roles report, as metrics; what a person should read at once goes to the log by ``lines``."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from agents.batches import role as path
from agents.lines import Lines
from agents.metrics import Metrics, OwnerState
from schemas.control import LASTING
from streams.dispatch.partition import Dispatcher
from streams.govern.partition import Governor
from streams.health import HealthPartition
from streams.role import Open, Partition, Table


@runtime_checkable
class Tallied(Protocol):
    """A partition that counts its outcomes."""

    def tally(self) -> dict[str, int]: ...


class Observer(path.Watch):
    """Counts what one process does; it also keeps an eye on the open partitions, for their tallies and gauges."""

    def __init__(self, metrics: Metrics, lines: Lines, point: Callable[[str], None] = lambda name: None) -> None:
        self._metrics = metrics
        self._lines = lines
        self._point = point
        self._open: dict[int, Partition] = {}

    def opening(self, open_partition: Open) -> Open:
        """The same opening, whose partitions this observer then knows."""

        def opened(number: int, table: Table, memo: bytes | None) -> Partition:
            self._open[number] = partition = open_partition(number, table, memo)
            self._show(number, partition)
            self._lines.opened(number, partition)
            return partition

        return opened

    def point(self, name: str) -> None:
        self._point(name)

    def transaction(self, partition: int, records: int, facts: Sequence[path.Fact], seconds: float) -> None:
        self._metrics.transaction_seconds.observe(seconds)
        self._metrics.transaction_records.observe(records)
        self._look_at(partition, facts)

    def waited(self, topic: str, seconds: float) -> None:
        self._metrics.waits.labels(topic).observe(seconds)

    def stored(self, partition: int, records: int) -> None:
        self._metrics.stored.labels(partition).set(records)

    def unprocessable(self, partition: int, topic: str, error: str, place: str) -> None:
        self._metrics.unprocessable.labels(topic, error).inc()
        self._lines.unprocessable(partition, topic, error, place)

    def turned(self, partition: int) -> None:
        self._metrics.turned.labels(partition).set_to_current_time()
        if (open_partition := self._open.get(partition)) is not None:
            self._lines.turned(partition, open_partition)

    def verdict(self, topic: str, verdict: str) -> None:
        self._metrics.verdicts.labels(verdict).inc()

    def state(self, partition: int, state: str) -> None:
        self._metrics.enter(partition, OwnerState(state))
        self._lines.rests(partition, gone=state == "closed")
        if state == "closed":
            self._open.pop(partition, None)

    def lag(self, topic: str, partition: int, records: int) -> None:
        self._metrics.lag.labels(topic, partition).set(records)

    def _look_at(self, number: int, facts: Sequence[path.Fact]) -> None:
        """The tally of a partition into counters and lines, its sizes into gauges."""
        partition = self._open.get(number)
        if partition is not None:
            tally = partition.tally() if isinstance(partition, Tallied) else {}
            for outcome, count in tally.items():
                self._count(outcome, count)
            self._lines.committed(number, partition, tally, facts)
            self._show(number, partition)

    def _show(self, number: int, partition: Partition) -> None:
        """How a partition stands, in gauges."""
        metrics = self._metrics
        if isinstance(partition, HealthPartition):
            kept = partition.rejections.kept
            metrics.refused.labels(number).set(kept.ratio)
            metrics.over.labels(number).set(kept.over)
            metrics.stopped.labels(number).set(kept.stopped)
            metrics.deadlines.labels(number).set(partition.queued)
            for product, pulse in partition.pulses().items():
                metrics.watermark.labels(number, product).set(pulse.watermark.timestamp())
                metrics.still_after.labels(number, product).set(pulse.still_after)
                metrics.speed.labels(number, product).set(pulse.speed)
                metrics.warming_up.labels(number, product).set(pulse.warming_up)
                metrics.inhibited.labels(product)  # it stands at zero from the product's first event
        if isinstance(partition, Governor):
            for channel, state in partition.states().items():
                metrics.breaker_is(channel, state)
            metrics.paused.set(partition.paused is not None)
        if isinstance(partition, Dispatcher):
            metrics.held.labels(number).set(partition.waiting)
            for kind in LASTING:
                metrics.in_force.labels(number, kind).set(partition.orders.standing[kind])

    def _count(self, outcome: str, count: int) -> None:
        """One line of a tally: ``kind.label[.label]``; kinds without a metric are only for tests and logs."""
        metrics = self._metrics
        kind, *labels = outcome.split(".")
        match kind, labels:
            case "event", [name]:
                metrics.events.labels(name).inc(count)
            case "reject", [reason]:
                metrics.rejects.labels(reason).inc(count)
            case "intake", [move]:
                metrics.intake.labels(move).inc(count)
            case "warning", [level]:
                metrics.warnings.labels(level).inc(count)
            case "inhibited", product:
                metrics.inhibited.labels(".".join(product)).inc(count)
            case "stage", [stage]:
                metrics.stages.labels(stage).inc(count)
            case "sign", [name]:
                metrics.signs.labels(name).inc(count)
            case "decision", [name, *reason]:
                metrics.decisions.labels(name).inc(count)
                for each in reason:
                    metrics.reasons.labels(each).inc(count)
            case "outbound", [channel]:
                metrics.outbound.labels(channel).inc(count)
            case "lease", [kind]:
                metrics.leases.labels(kind).inc(count)
            case "profile", [name, *_]:
                metrics.profiles.labels(name).inc(count)
            case "feedback", [name, *_]:
                metrics.feedback.labels(name).inc(count)
            case "control", [kind, name]:
                metrics.orders.labels(kind, name).inc(count)
            case _:
                return
