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
    StageScale,
    Warnings,
)
from schemas.policy.life import Life, LifeStage, Lives, Weights
from schemas.policy.load import PolicyFaults, parse_policy
from schemas.policy.playbooks import Playbook
from schemas.policy.policy import Policy
from schemas.policy.quiet import QuietHours, Weekday
from schemas.policy.roles import Role, Source
from schemas.policy.silence import Silence
from schemas.policy.templates import Template, Variant
from schemas.policy.wording import Limit, Limits, LinkRules, Required, Wording

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
    "Limit",
    "Limits",
    "LinkRules",
    "Lives",
    "MessageClass",
    "PersonalSilence",
    "Playbook",
    "Policy",
    "PolicyFaults",
    "Product",
    "QuietHours",
    "Rejects",
    "Required",
    "Role",
    "Shock",
    "Silence",
    "Source",
    "StageScale",
    "Template",
    "Variant",
    "Volume",
    "VolumeCap",
    "Warnings",
    "Weekday",
    "Weights",
    "Wording",
    "parse_policy",
]
