"""The gate: every stage judges, the first that holds or drops decides (E15). The order stands here and nowhere else.

A message goes out on the first channel of the playbook that no stage refuses: a later channel is tried only where the
one before was refused (E13), and never because the one before has a line.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from schemas.channel import Channel
from schemas.decision import Call, Outcome, Reason, Verdict
from streams.dispatch.book import Candidate
from streams.dispatch.gate.breaker import WAITING, breaker
from streams.dispatch.gate.caps import channel_cap, total_cap
from streams.dispatch.gate.consent import consent
from streams.dispatch.gate.dedup import dedup
from streams.dispatch.gate.expired import expired
from streams.dispatch.gate.overtaken import overtaken
from streams.dispatch.gate.paused import LIFTABLE, paused
from streams.dispatch.gate.playbook import playbook
from streams.dispatch.gate.rate import rate
from streams.dispatch.gate.reachable import reachable
from streams.dispatch.gate.registry import registry
from streams.dispatch.gate.replaced import replaced
from streams.dispatch.gate.stage import ChannelStage, Finding, Stage, View
from streams.dispatch.gate.suppressed import suppressed

STAGES: tuple[Stage | ChannelStage, ...] = (
    Stage("expired", expired),
    Stage("overtaken", overtaken),
    Stage("suppressed", suppressed),
    Stage("replaced", replaced),
    Stage("playbook", playbook),
    Stage("dedup", dedup),
    ChannelStage("consent", consent),
    ChannelStage("reachable", reachable),
    Stage("paused", paused),
    ChannelStage("channel_cap", channel_cap),
    Stage("total_cap", total_cap),
    Stage("registry", registry),
    ChannelStage("breaker", breaker),
    ChannelStage("rate", rate),
)


class Judgement(NamedTuple):
    """What becomes of a candidate now: the outcome, on which channel, why not sent, until when; and every verdict."""

    outcome: Outcome
    channel: Channel | None
    reason: Reason | None
    until: datetime | None
    trace: tuple[Verdict, ...]


def judge(candidate: Candidate, view: View, now: datetime) -> Judgement:
    """Send on the first channel that every stage passes; else hold until the first that may be free; else drop."""
    shared = {name: rule(candidate, view, now) for name, rule in _SHARED.items()}
    trace = [_verdict(name, finding, None) for name, finding in shared.items()]
    refusals: list[Refusal] = []
    for channel in view.channels:
        own = {name: rule(candidate, channel, view, now) for name, rule in _BY_CHANNEL.items()}
        trace += (_verdict(name, finding, channel) for name, finding in own.items())
        refusal = _refusal(shared, own, channel)
        if refusal is None:
            return Judgement(Outcome.SENT, channel, None, None, tuple(trace))
        refusals.append(refusal)
        if refusal.reason is Reason.PROVIDER_RATE:
            break
    return _refused(refusals or [_nowhere(shared)], tuple(trace))


class Refusal(NamedTuple):
    """What decided on one channel; the channel is None where it would have been the same on any; a drop has no end."""

    reason: Reason
    channel: Channel | None
    until: datetime | None


Findings = Mapping[str, Finding | None]
_MAY_END_BEFORE = WAITING | LIFTABLE
_ORDER = tuple(stage.name for stage in STAGES)
_SHARED = {stage.name: stage.rule for stage in STAGES if isinstance(stage, Stage)}
_BY_CHANNEL = {stage.name: stage.rule for stage in STAGES if isinstance(stage, ChannelStage)}


def _refusal(shared: Findings, own: Findings, channel: Channel) -> Refusal | None:
    if not any(shared.values()) and not any(own.values()):
        return None
    found = [(name, finding) for name in _ORDER if (finding := shared.get(name) or own.get(name))]
    name, first = found[0]
    return Refusal(first.reason, channel if name in own else None, _end(first, [finding for _, finding in found]))


def _end(first: Finding, findings: list[Finding]) -> datetime | None:
    """When nothing holds any more; what does not decide and may end before, a breaker or an order, is left out."""
    if first.until is None:
        return None
    return max(each.until for each in findings if each.until and (each is first or each.reason not in _MAY_END_BEFORE))


def _nowhere(shared: Findings) -> Refusal:
    """Without a channel the stage ``playbook`` has dropped, if none before it has."""
    return Refusal(next(finding.reason for finding in shared.values() if finding), None, None)


def _refused(refusals: list[Refusal], trace: tuple[Verdict, ...]) -> Judgement:
    """The hold that ends first; without one, what dropped the candidate on the channel that was tried first."""
    held = [each for each in refusals if each.until is not None]
    if not held:
        return Judgement(Outcome.DROPPED, refusals[0].channel, refusals[0].reason, None, trace)
    first = min(held, key=attrgetter("until"))
    return Judgement(Outcome.HELD, first.channel, first.reason, first.until, trace)


@cache
def _passed(stage: str, channel: Channel | None) -> Verdict:
    return Verdict(stage=stage, call=Call.PASS, channel=channel)


def _verdict(stage: str, finding: Finding | None, channel: Channel | None) -> Verdict:
    if finding is None:
        return _passed(stage, channel)
    call, reason, detail, until = finding
    return Verdict(stage=stage, call=call, channel=channel, reason=reason, detail=detail, until=until)
