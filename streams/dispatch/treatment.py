"""What is done about a warning: a playbook, on the channels that the policy has."""

from typing import NamedTuple

from schemas.channel import Channel
from schemas.policy import Playbook, Policy
from schemas.warning import Level


class Treatment(NamedTuple):
    """A playbook and its channels; one that has no table in the policy is never used."""

    playbook: Playbook | None
    channels: tuple[Channel, ...]

    @classmethod
    def of(cls, playbook: Playbook, policy: Policy) -> "Treatment":
        """The playbook under a policy."""
        return cls(playbook, tuple(channel for channel in playbook.channels if channel in policy.channels))

    def answers(self, level: Level, product: str) -> bool:
        """Whether this is for a level and product."""
        return self.playbook is not None and self.playbook.answers(level, product)


UNTREATED = Treatment(None, ())
