"""The dispatcher role: warnings in; decisions, messages and counts out; every user's own book."""

from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.policy import Policy
from streams.dispatch import open_dispatch
from streams.partitioner import Placement


def dispatcher(policy: Policy, placement: Placement | None = None) -> RoleSpec:
    """The wiring of the role that decides whether, how and when a user is written to.

    ``placement`` says how many partitions there are and which keys belong to each; without it there is one.
    """
    return RoleSpec(
        name="dispatcher",
        topics=(topics.PROFILES, topics.FEEDBACK, topics.SIGNS, topics.WARNINGS),
        outputs=frozenset({topics.DECISIONS, topics.OUTBOUND, topics.COUNTS, topics.DEAD_LETTERS}),
        open=open_dispatch(policy, placement),
        first=frozenset({topics.PROFILES, topics.FEEDBACK, topics.SIGNS}),
        board=True,
        broadcasts=(topics.CONTROL, topics.BREAKERS, topics.LEASES),
        orders=frozenset({topics.CONTROL}),
    )
