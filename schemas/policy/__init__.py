"""The policy tree by concern: roles, health, gate, playbooks; the whole in ``policy``, reading it in ``load``."""

from schemas.policy.gate import BreakerPolicy, Cap, Caps, ChannelPolicy, Dispatch
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
    "BreakerPolicy",
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
    "Warnings",
    "parse_policy",
]
