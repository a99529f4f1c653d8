"""What was decided about a candidate, and why (topic ``churn.decisions``, E15): the full trace of verdicts."""

from enum import StrEnum
from functools import cached_property
from typing import ClassVar

import msgspec
from pydantic import AwareDatetime

from schemas import topics
from schemas.base import Part, Told
from schemas.channel import Channel


class Outcome(StrEnum):
    """What became of a candidate."""

    SENT = "sent"
    HELD = "held"
    DROPPED = "dropped"
    HOLDOUT = "holdout"


class Call(StrEnum):
    """What one stage says."""

    PASS = "pass"
    HOLD = "hold"
    DROP = "drop"


class Reason(StrEnum):
    """Why a candidate was not sent at once; closed, equal to the metric label and to the list in the docs."""

    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    UNHAPPY = "unhappy"
    SILENCED = "silenced"
    PLAYBOOK_PAUSED = "playbook_paused"
    QUIET_HOURS = "quiet_hours"
    FREQUENCY_CAP = "frequency_cap"
    MINIMUM_GAP = "minimum_gap"
    COPY_UNRENDERABLE = "copy_unrenderable"
    COPY_FORBIDDEN = "copy_forbidden"
    COPY_INCOMPLETE = "copy_incomplete"
    COPY_TOO_LONG = "copy_too_long"
    COPY_LINK = "copy_link"
    BREAKER_OPEN = "breaker_open"
    BREAKER_DEGRADED = "breaker_degraded"
    NO_PROBE = "no_probe"
    BUDGET = "budget"
    VOLUME_CAP = "volume_cap"
    BLAST_RADIUS = "blast_radius"
    PROVIDER_RATE = "provider_rate"
    RECENTLY_CONTACTED = "recently_contacted"
    REGISTRY_UNKNOWN = "registry_unknown"
    NO_PLAYBOOK = "no_playbook"
    NO_CHANNEL_LEFT = "no_channel_left"
    REPLACED = "replaced"
    UNPROCESSABLE = "unprocessable"
    """Judging the candidate fails: a fault of ours, see the runbook."""


class Verdict(Part):
    """One stage's judgement of one candidate (on one channel, or on the candidate itself)."""

    stage: str
    call: Call
    channel: Channel | None = None
    reason: Reason | None = None
    detail: str | None = None
    until: AwareDatetime | None = None

    @cached_property
    def raw(self) -> msgspec.Raw:
        """Encoded once: a trace has a dozen stages that passed, always the same."""
        return msgspec.Raw(super().encode())

    def encode(self) -> bytes:
        """This as JSON, UTF-8, without fields that are None."""
        return bytes(self.raw)  # the cache stands in __dict__, where Part.encode would take it for a field


class Decision(Told):
    """One judgement of one candidate: outcome, deciding reason, and every stage's verdict."""

    TOPIC: ClassVar[str] = topics.DECISIONS
    TYPE: ClassVar[str] = "churn.decision"

    number: int
    warning: str
    level: str
    episode: str
    recall: str
    playbook: str | None = None
    outcome: Outcome
    reason: Reason | None = None
    channel: Channel | None = None
    message: str | None = None
    earliest: AwareDatetime | None = None
    expires: AwareDatetime
    trace: tuple[Verdict, ...]
