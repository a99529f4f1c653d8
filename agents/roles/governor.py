"""The governor role: counts and operators' words in; breakers and leases out; one partition, so it sees everything."""

from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.policy import Policy
from streams.govern import open_govern


def governor(policy: Policy) -> RoleSpec:
    """The wiring of the role that keeps what concerns everybody."""
    return RoleSpec(
        name="governor",
        topics=(topics.COUNTS,),
        outputs=frozenset({topics.BREAKERS, topics.LEASES, topics.DEAD_LETTERS}),
        open=open_govern(policy),
        broadcasts=(topics.CONTROL,),
        orders=frozenset({topics.CONTROL}),
        board=True,
    )
