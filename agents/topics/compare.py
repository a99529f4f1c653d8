"""What differs between the topics as they shall be and as the brokers have them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.topics.specs import TopicSpec
from schemas.faults import Fault, Faults

PLACE = "Kafka"


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the brokers have it."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Faults must be mended before a worker may run; warnings may be meant."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class TopicFaults(Faults):
    """Topics that a worker must not run on; the key of a fault is the topic, or one of its configurations."""


def compare(specs: Iterable[TopicSpec], found: Mapping[str, Found], keyed: int) -> Compared:
    """Everything that differs, where topics keyed by user shall have ``keyed`` partitions."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for spec in specs:
        there = found.get(spec.name)
        if there is None:
            faults.append(Fault(PLACE, spec.name, None, "is missing", "run `churn-alerts topics create`"))
            continue
        faults += _partitions(spec, there, keyed)
        for name, fault in _config(spec, there):
            (faults if name in spec.needed else warnings).append(fault)
    return Compared(tuple(faults), tuple(warnings))


def keyed_partitions(specs: Sequence[TopicSpec], found: Mapping[str, Found], otherwise: int) -> int:
    """The count that topics keyed by user shall have: that of the first one there is, inputs before ours."""
    return next((found[spec.name].partitions for spec in specs if spec.keyed and spec.name in found), otherwise)


def _partitions(spec: TopicSpec, there: Found, keyed: int) -> Iterator[Fault]:
    wanted = spec.partitions(keyed)
    if there.partitions == wanted:
        return
    why = "like every topic keyed by user" if spec.keyed else "which everybody reads whole"
    fix = f"make it anew with {wanted}, or change CHURN_PARTITIONS" if spec.keyed else f"make it anew with {wanted}"
    yield Fault(PLACE, f"{spec.name} partitions", there.partitions, f"is not {wanted}, {why}", fix)


def _config(spec: TopicSpec, there: Found) -> Iterator[tuple[str, Fault]]:
    for name, wanted in spec.config.items():
        value = there.config.get(name)
        if value is not None and value != wanted:
            change = (
                f"kafka-configs.sh --alter --entity-type topics --entity-name {spec.name} --add-config {name}={wanted}"
            )
            yield name, Fault(PLACE, f"{spec.name} {name}", value, f"is not {wanted}", change)
