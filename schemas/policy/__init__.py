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
from schemas.policy.load import PolicyFaults, parse_policy
from schemas.policy.playbooks import Playbook
from schemas.policy.policy import Policy
from schemas.policy.roles import Role

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
    "PersonalSilence",
    "Playbook",
    "Policy",
    "PolicyFaults",
    "Product",
    "Rejects",
    "Role",
    "Shock",
    "Volume",
    "VolumeCap",
    "Warnings",
    "parse_policy",
]
