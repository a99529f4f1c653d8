"""The gate: every stage judges, the first that holds or drops decides (E15). The order stands here and nowhere else.

A message goes out on the first channel of the playbook that no stage refuses. A later channel is tried only where the
one before refuses it (E13): by a drop, by a hold that the governor alone can lift (breaker, budget; E12), or by one
that would outlast the candidate. Any other hold is waited for: quiet hours, caps and gaps are for the user's peace
(E14), which another channel would break just as well; a line at the provider, and a lease that may be on its way, are
a matter of seconds.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from schemas.channel import Channel
from schemas.decision import Call, Outcome, Reason, Verdict
from streams.dispatch.book import Candidate
from streams.dispatch.gate.blast_radius import blast_radius
from streams.dispatch.gate.breaker import breaker
from streams.dispatch.gate.budget import budget
from streams.dispatch.gate.caps import caps
from streams.dispatch.gate.consent import consent
from streams.dispatch.gate.copy import copy
from streams.dispatch.gate.dedup import dedup
from streams.dispatch.gate.expired import expired
from streams.dispatch.gate.overtaken import overtaken
from streams.dispatch.gate.paused import paused
from streams.dispatch.gate.playbook import playbook
from streams.dispatch.gate.quiet_hours import quiet_hours
from streams.dispatch.gate.rate import rate
from streams.dispatch.gate.reachable import reachable
from streams.dispatch.gate.registry import registry
from streams.dispatch.gate.replaced import replaced
from streams.dispatch.gate.silence import silence
from streams.dispatch.gate.stage import ChannelStage, Finding, Stage, View
from streams.dispatch.gate.suppressed import suppressed
from streams.dispatch.gate.unhappy import unhappy
from streams.dispatch.gate.volume_cap import volume_cap
from streams.limits import Need

STAGES: tuple[Stage | ChannelStage, ...] = (
    Stage("expired", expired),
    Stage("overtaken", overtaken),
    Stage("suppressed", suppressed),
    Stage("replaced", replaced),
    Stage("playbook", playbook),
    Stage("dedup", dedup),
    ChannelStage("consent", consent),
    ChannelStage("reachable", reachable),
    Stage("unhappy", unhappy),
    Stage("silence", silence),
    Stage("paused", paused),
    ChannelStage("quiet_hours", quiet_hours),
    ChannelStage("caps", caps),
    Stage("registry", registry),
    ChannelStage("copy", copy),
    ChannelStage("breaker", breaker),
    ChannelStage("budget", budget),
    ChannelStage("volume_cap", volume_cap),
    ChannelStage("blast_radius", blast_radius),
    ChannelStage("rate", rate),
)


class Judgement(NamedTuple):
    """What becomes of a candidate now: the outcome, on which channel, why not sent, until when; and every verdict.

    A held one ``waits`` for these words and leases of the governor, and should have what it ``takes`` leased here.
    """

    outcome: Outcome
    channel: Channel | None
    reason: Reason | None
    until: datetime | None
    trace: tuple[Verdict, ...]
    waits: tuple[Need, ...] = ()
    takes: tuple[Need, ...] = ()


def judge(candidate: Candidate, view: View, now: datetime) -> Judgement:
    """Send on the first channel that every stage passes; else hold until the first that may be free; else drop."""
    shared = [rule(candidate, view, now) for rule in _SHARED.values()]
    trace = _verdicts(shared, None)
    refusals: list[Refusal] = []
    for channel in view.channels:
        own = [rule(candidate, channel, view, now) for rule in _BY_CHANNEL.values()]
        trace += _verdicts(own, channel)
        refusal = _refusal(shared, own, channel)
        if refusal is None:
            return Judgement(Outcome.SENT, channel, None, None, trace)
        refusals.append(refusal)
        if _is_waited_for(refusal, candidate):
            break
    return _refused(refusals or [_nowhere(shared)], trace)


class Refusal(NamedTuple):
    """What decided on one channel; the channel is None where it would have been the same on any; a drop has no end."""

    reason: Reason
    channel: Channel | None
    until: datetime | None
    waits: Need | None = None
    takes: tuple[Need, ...] = ()
    brief: bool = False


Findings = Sequence[Finding | None]
"""One of each stage of a kind, in order."""
_ORDER = {stage.name: place for place, stage in enumerate(STAGES)}
_SHARED = {stage.name: stage.rule for stage in STAGES if isinstance(stage, Stage)}
_BY_CHANNEL = {stage.name: stage.rule for stage in STAGES if isinstance(stage, ChannelStage)}


def _refusal(shared: Findings, own: Findings, channel: Channel) -> Refusal | None:
    if not any(shared) and not any(own):
        return None
    stages = (*zip(_SHARED, shared, strict=True), *zip(_BY_CHANNEL, own, strict=True))
    found = sorted(((name, finding) for name, finding in stages if finding), key=lambda each: _ORDER[each[0]])
    name, first = found[0]
    end = _end(first, [finding for _, finding in found])
    return Refusal(first.reason, channel if name in _BY_CHANNEL else None, end, first.waits, first.takes, first.brief)


def _is_waited_for(refusal: Refusal, candidate: Candidate) -> bool:
    until = refusal.until
    return until is not None and until < candidate.expires and (refusal.brief or refusal.waits is None)


def _end(first: Finding, findings: list[Finding]) -> datetime | None:
    """When nothing holds any more; what does not decide and may be lifted before is left out."""
    if first.until is None:
        return None
    return max(each.until for each in findings if each.until and (each is first or each.waits is None))


def _nowhere(shared: Findings) -> Refusal:
    """Without a channel the stage ``playbook`` has dropped, if none before it has."""
    return Refusal(next(finding.reason for finding in shared if finding), None, None)


def _refused(refusals: list[Refusal], trace: tuple[Verdict, ...]) -> Judgement:
    """The hold that ends first; without one, what dropped the candidate on the channel that was tried first."""
    held = [each for each in refusals if each.until is not None]
    if not held:
        return Judgement(Outcome.DROPPED, refusals[0].channel, refusals[0].reason, None, trace)
    first = min(held, key=attrgetter("until"))
    waits = tuple(dict.fromkeys(each.waits for each in held if each.waits))
    takes = {need.resource: need for each in reversed(held) for need in each.takes}
    return Judgement(Outcome.HELD, first.channel, first.reason, first.until, trace, waits, tuple(takes.values()))


@cache
def _passed(channel: Channel | None) -> tuple[Verdict, ...]:
    """What all stages of a kind say that let a candidate pass; mostly all do."""
    names: Iterable[str] = _SHARED if channel is None else _BY_CHANNEL
    return tuple(Verdict(stage=name, call=Call.PASS, channel=channel) for name in names)


def _verdicts(findings: Findings, channel: Channel | None) -> tuple[Verdict, ...]:
    """What the stages of a kind say: those about the candidate, or about a channel."""
    passed = _passed(channel)
    if not any(findings):
        return passed
    return tuple(_verdict(finding, verdict) for finding, verdict in zip(findings, passed, strict=True))


def _verdict(finding: Finding | None, passed: Verdict) -> Verdict:
    if finding is None:
        return passed
    return Verdict(
        stage=passed.stage,
        call=finding.call,
        channel=passed.channel,
        reason=finding.reason,
        detail=finding.detail,
        until=finding.until,
    )
