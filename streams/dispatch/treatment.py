"""What is done about a warning: a playbook, on the channels that the policy has."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from schemas.channel import Channel
from schemas.message_class import MessageClass
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

    @property
    def cares(self) -> bool:
        """Whether it is for unhappy users."""
        return self.playbook is not None and self.playbook.message_class is MessageClass.CARE

    def without(self, tried: tuple[Channel, ...]) -> tuple[Channel, ...]:
        """The channels that were not tried yet, in the playbook's order."""
        return tuple(channel for channel in self.channels if channel not in tried)

    def answers(self, level: Level, product: str) -> bool:
        """Whether this is for a level and product."""
        return self.playbook is not None and self.playbook.answers(level, product)


UNTREATED = Treatment(None, ())
REMEMBERED = 4_096
"""Choices that are kept: there are few levels and products."""


class Treatments:
    """Every playbook of a policy."""

    def __init__(self, policy: Policy, limits: Limits) -> None:
        self._all: Sequence[Treatment] = [Treatment.of(playbook, policy, limits) for playbook in policy.playbooks]
        self.choose = lru_cache(REMEMBERED)(self._choose)

    def _choose(self, level: Level, product: str, unhappy: bool) -> Treatment:
        """The first care for an unhappy user; without one, and for everybody else, the first promotion (E5)."""
        care, promotion = self._first(level, product, cares=True), self._first(level, product, cares=False)
        return care if unhappy and care is not UNTREATED else promotion

    def _first(self, level: Level, product: str, cares: bool) -> Treatment:
        fitting = (each for each in self._all if each.cares == cares and each.answers(level, product))
        return next(fitting, UNTREATED)
