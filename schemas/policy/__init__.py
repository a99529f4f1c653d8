"""The policy tree by concern, a file each; the whole in ``policy``, reading it in ``load``."""

from schemas.policy.breaker import BreakerPolicy
from schemas.policy.budgets import Blast, Budgets, Volume, VolumeCap
from schemas.policy.gate import Cap, Caps, ChannelPolicy, Dispatch
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
from schemas.policy.roles import Role, Source

__all__ = [
    "Blast",
    "BreakerPolicy",
    "Budgets",
    "Cap",
    "Caps",
    "ChannelPolicy",
    "Collapse",
    "Decline",
    "Dispatch",
    "Intake",
    "Lapse",
    "Life",
    "LifeStage",
    "Lives",
    "PersonalSilence",
    "Playbook",
    "Policy",
    "PolicyFaults",
    "Product",
    "Rejects",
    "Role",
    "Shock",
    "Source",
    "Volume",
    "VolumeCap",
    "Warnings",
    "Weights",
    "parse_policy",
]
