"""What is done about a warning: a playbook, on the channels that the policy has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from schemas.channel import Channel
from schemas.policy import Playbook, Policy
from schemas.warning import Level
from streams.limits import Limits, Needs, needs


class Treatment(NamedTuple):
    """A playbook, its channels (never one without a table in the policy), and what a message takes on each."""

    playbook: Playbook | None
    channels: tuple[Channel, ...]
    needs: Mapping[Channel, Needs] = MappingProxyType({})

    @classmethod
    def of(cls, playbook: Playbook, policy: Policy, limits: Limits) -> "Treatment":
        """The playbook under a policy."""
        channels = tuple(channel for channel in playbook.channels if channel in policy.channels)
        taken = {each: needs(limits, playbook.name, each, policy.channels[each].cost) for each in channels}
        return cls(playbook, channels, taken)

    def answers(self, level: Level, product: str) -> bool:
        """Whether this is for a level and product."""
        return self.playbook is not None and self.playbook.answers(level, product)


UNTREATED = Treatment(None, ())
