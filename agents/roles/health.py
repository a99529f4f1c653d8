"""The health role: events in; warnings, and what was refused, out."""

from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.policy import Policy
from streams.health import open_health


def health(policy: Policy, partitions: int, events: tuple[str, ...] = (topics.EVENTS,)) -> RoleSpec:
    """The wiring of the role that notices who drifts away; ``events`` are the topics the apps write to."""
    return RoleSpec(
        name="health",
        topics=events,
        outputs=frozenset({topics.WARNINGS, topics.DEAD_LETTERS, topics.POPULATION}),
        open=open_health(policy, partitions),
        broadcasts=(topics.POPULATION,),
    )
