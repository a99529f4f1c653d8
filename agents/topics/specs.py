"""Every topic as it shall be.

Topics keyed by user share one partition count, so that one owner holds all of a user; what is not about one user has
one partition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agents.settings.model import RoleName, Settings
from schemas import topics

COMPACT = "cleanup.policy"
LOG_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
"""The broker's clock, not a producer's: one bad clock would move a watermark that never goes back."""

CHANGELOG = {COMPACT: "compact", "delete.retention.ms": str(7 * 24 * 3_600_000)}
"""A deletion is kept for seven days; a local store older than half of that is rebuilt."""

CONTROL = {"min.compaction.lag.ms": str(30 * 24 * 3_600_000), "delete.retention.ms": str(7 * 24 * 3_600_000)}
"""Every word of an operator's last month can be read, also one that was replaced or taken back since."""

DEAD_LETTERS = {"max.message.bytes": str(2 * 1_048_576)}
"""A dead letter has at most 256,000 bytes; letters of earlier versions had those of their record, and more headers."""

ANY_TIME = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
    "retention.ms": "-1",
    "segment.ms": str(2**63 - 1),
}
"""Records of any time are taken, and kept for ever: for simulated time (demo, tests, bench).

A segment is closed by the time of its records: where a week passes in seconds, thousands of files would come of that,
and a broker that was killed would take a minute to read them.
"""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it shall be; a difference in ``needed`` is a fault, in the rest of ``config`` a warning."""

    name: str
    keyed: bool
    config: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()

    def partitions(self, keyed: int) -> int:
        """The partition count, where topics keyed by user have ``keyed``."""
        return keyed if self.keyed else 1


def topic_specs(settings: Settings, *, simulated_time: bool = False) -> tuple[TopicSpec, ...]:
    """Every topic of the installation under its full name, the apps' event topics first, then ours, then changelogs."""
    specs = [TopicSpec(settings.topic(name), keyed=True, config=LOG_APPEND_TIME) for name in settings.event_topics]
    specs += [_ours(settings.topic(name), name) for name in topics.ALL if name != topics.EVENTS]
    specs += [_changelog(settings, role) for role in RoleName]
    return tuple(map(_any_time, specs)) if simulated_time else tuple(specs)


def _ours(full_name: str, name: str) -> TopicSpec:
    config = {COMPACT: "compact"} if name in topics.COMPACTED else {}
    config |= {topics.DEAD_LETTERS: DEAD_LETTERS, topics.CONTROL: CONTROL}.get(name, {})
    return TopicSpec(full_name, name not in topics.ONE_PARTITION, config, frozenset({COMPACT}) & config.keys())


def _changelog(settings: Settings, role: RoleName) -> TopicSpec:
    """The book of a role: lost records are lost state, so compaction is needed."""
    return TopicSpec(settings.changelog(role), role is not RoleName.GOVERNOR, CHANGELOG, frozenset({COMPACT}))


def _any_time(spec: TopicSpec) -> TopicSpec:
    return replace(spec, config={**spec.config, **ANY_TIME}, needed=spec.needed | ANY_TIME.keys())
