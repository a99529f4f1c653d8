"""The policy tree by concern, a file each; the whole in ``policy``, reading it in ``load``."""

from schemas.message_class import MessageClass
from schemas.policy.breaker import BreakerPolicy
from schemas.policy.budgets import Blast, Budgets, Volume, VolumeCap
from schemas.policy.caps import Cap, Counted
from schemas.policy.gate import ChannelPolicy, Dispatch
from schemas.policy.health import (
    Collapse,
    Decline,
    Intake,
    Lapse,
    PersonalSilence,
    Product,
    Rejects,
    Shock,
    Warnings,
)
from schemas.policy.life import Life, LifeStage, Lives, Weights
from schemas.policy.load import PolicyFaults, parse_policy
from schemas.policy.playbooks import Playbook
from schemas.policy.policy import Policy
from schemas.policy.quiet import QuietHours, Weekday
from schemas.policy.roles import Role, Source
from schemas.policy.silence import Silence

__all__ = [
    "Blast",
    "BreakerPolicy",
    "Budgets",
    "Cap",
    "ChannelPolicy",
    "Collapse",
    "Counted",
    "Decline",
    "Dispatch",
    "Intake",
    "Lapse",
    "Life",
    "LifeStage",
    "Lives",
    "MessageClass",
    "PersonalSilence",
    "Playbook",
    "Policy",
    "PolicyFaults",
    "Product",
    "QuietHours",
    "Rejects",
    "Role",
    "Shock",
    "Silence",
    "Source",
    "Volume",
    "VolumeCap",
    "Warnings",
    "Weekday",
    "Weights",
    "parse_policy",
]
