"""The health role: events in; warnings, changes of stage, signs, and what was refused, out."""

from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.policy import Policy
from streams.codec import STANDSTILL
from streams.health import IntakeStopped, open_health
from streams.partitioner import Placement


def health(policy: Policy, events: tuple[str, ...] = (topics.EVENTS,), placement: Placement | None = None) -> RoleSpec:
    """The wiring of the role that notices who drifts away; ``events`` are the topics the apps write to.

    ``placement`` says how many partitions there are and which keys belong to each; without it there is one.
    """
    return RoleSpec(
        name="health",
        topics=events,
        outputs=frozenset({topics.WARNINGS, topics.STAGES, topics.SIGNS, topics.DEAD_LETTERS, topics.POPULATION}),
        open=open_health(policy, placement),
        broadcasts=(topics.CONTROL, topics.POPULATION),
        standstill=(*STANDSTILL, IntakeStopped),
    )
