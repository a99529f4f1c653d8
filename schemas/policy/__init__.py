"""The policy tree by concern: roles, health, gate, playbooks; the whole in ``policy``, reading it in ``load``."""

from schemas.policy.gate import BreakerPolicy, Cap, Caps, ChannelPolicy, Dispatch
from schemas.policy.health import Intake, Product, Rejects, Warnings
from schemas.policy.load import PolicyFaults, parse_policy
from schemas.policy.playbooks import Playbook
from schemas.policy.policy import Policy
from schemas.policy.roles import Role

__all__ = [
    "BreakerPolicy",
    "Cap",
    "Caps",
    "ChannelPolicy",
    "Dispatch",
    "Intake",
    "Playbook",
    "Policy",
    "PolicyFaults",
    "Product",
    "Rejects",
    "Role",
    "Warnings",
    "parse_policy",
]
