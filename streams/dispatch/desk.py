"""One judgement from end to end: a candidate and what is known become a decision, perhaps a message, and a new book."""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Call, Decision, Outcome, Reason, Verdict
from schemas.ids import decision_id, message_id, recall_id
from schemas.outbound import Outbound
from schemas.policy import Policy
from schemas.reject import DETAIL_CHARACTERS
from schemas.warning import Warning
from streams.dispatch.book import Book, Candidate, Recall, Send, mark, sent
from streams.dispatch.gate import Judgement, judge
from streams.dispatch.gate.stage import View
from streams.dispatch.recall import next_of
from streams.dispatch.standing import FIRST


class Settlement(NamedTuple):
    """What one judgement leaves behind."""

    book: Book
    decision: Decision
    message: Outbound | None


def candidate_of(warning: Warning, offset: int, policy: Policy, now: datetime) -> Candidate:
    """The warning (at this offset of its topic) as a candidate that expires ``expiry_hours`` after it was taken.

    Expiry is about when a message arrives, so it runs on processing time: in a replay, or with an app whose clock is
    behind, event time would expire every candidate before it was ever judged. A warning whose own time is later than
    the clock counts from there, so that it does not lose part of its life to a clock that is behind.
    """
    expires = max(now, warning.at) + timedelta(hours=policy.dispatch.expiry_hours)
    return Candidate(
        warning.id, warning.level, warning.episode, warning.product, warning.stage, now, expires, offset=offset
    )


def lifeless(warning: Warning, now: datetime) -> Candidate:
    """The warning as a candidate that has expired: of one that cannot be taken in there is nothing to work out."""
    return Candidate(warning.id, warning.level, warning.episode, warning.product, warning.stage, now, now)


def decide(candidate: Candidate, view: View, now: datetime) -> Settlement:
    """The candidate is sent, waits in the book, or is gone; the decision carries every verdict (E15)."""
    candidate = replace(
        candidate,
        number=candidate.number + 1,
        unknown_since=None if view.board.reachable else candidate.unknown_since or now,
    )
    judgement = judge(candidate, view, now)
    if judgement.outcome is Outcome.SENT and judgement.channel is not None:
        return _send(candidate, judgement, judgement.channel, view, now)
    held = _held(candidate, judgement) if judgement.outcome is Outcome.HELD else None
    decision = _decision(candidate, judgement, view, now)
    return Settlement(replace(view.book, held=held), decision, None)


def given_up(candidate: Candidate, user: str, cause: Exception, policy: Policy, now: datetime) -> Decision:
    """The decision that drops a candidate whose judgement, or whose warning, fails: no stage has judged it."""
    number = candidate.number + 1
    reason = Reason.UNPROCESSABLE
    detail = f"{type(cause).__name__}: {cause}"[:DETAIL_CHARACTERS]
    return Decision(
        id=decision_id(candidate.warning, number),
        number=number,
        warning=candidate.warning,
        level=candidate.level,
        episode=candidate.episode,
        recall=recall_id(user, candidate.episode, candidate.stage),
        user_id=user,
        product=candidate.product,
        outcome=Outcome.DROPPED,
        reason=reason,
        expires=candidate.expires,
        at=now,
        trace=(Verdict(stage=reason, call=Call.DROP, reason=reason, detail=detail),),
        policy_hash=policy.hash,
    )


def _held(candidate: Candidate, judgement: Judgement) -> Candidate:
    """Looked at again when the hold ends, or at expiry, so that the drop is told in time."""
    until = min(judgement.until or candidate.expires, candidate.expires)
    return replace(
        candidate,
        until=until,
        reason=judgement.reason,
        channel=judgement.channel,
        waits=judgement.waits,
        takes=judgement.takes,
    )


def _send(candidate: Candidate, judgement: Judgement, channel: Channel, view: View, now: datetime) -> Settlement:
    recall = next_of(view.failed, view.recall, candidate, channel, now)
    message = _outbound(candidate, recall, channel, view, now)
    standing = view.standings.get(channel, FIRST)
    send = Send(
        mark(message.id),
        channel,
        now,
        round=standing.round if standing.state is BreakerState.HALF_OPEN else 0,
        kind=view.message_class,
        counted=view.playbook is None or view.playbook.counted,
    )
    book = sent(view.book, send, recall, view.caps.memory)
    return Settlement(book, _decision(candidate, judgement, view, now, message.id), message)


def _outbound(candidate: Candidate, recall: Recall, channel: Channel, view: View, now: datetime) -> Outbound:
    playbook = view.playbook
    assert playbook is not None, "the stage 'playbook' lets nothing pass without one"
    written = view.written(candidate, channel)
    return Outbound(
        id=message_id(recall.id, recall.number),
        recall=recall.id,
        number=recall.number,
        episode=candidate.episode,
        stage=candidate.stage,
        warning=candidate.warning,
        user_id=view.user,
        product=candidate.product,
        channel=channel,
        playbook=playbook.name,
        message_class=playbook.message_class,
        template=playbook.template,
        parameters=dict(playbook.parameters),
        locale=written.locale,
        subject=written.subject,
        content=written.content,
        segments=written.segments,
        link=playbook.link,
        cost=round(view.policy.channels[channel].cost * (written.segments or 1), 6),
        priority=playbook.priority,
        at=now,
        expires=candidate.expires,
        policy_hash=view.policy.hash,
    )


def _decision(
    candidate: Candidate, judgement: Judgement, view: View, now: datetime, message: str | None = None
) -> Decision:
    return Decision(
        id=decision_id(candidate.warning, candidate.number),
        number=candidate.number,
        warning=candidate.warning,
        level=candidate.level,
        episode=candidate.episode,
        recall=view.recall,
        user_id=view.user,
        product=candidate.product,
        playbook=view.playbook.name if view.playbook else None,
        outcome=judgement.outcome,
        reason=judgement.reason,
        channel=judgement.channel,
        message=message,
        earliest=judgement.until,
        expires=candidate.expires,
        at=now,
        trace=judgement.trace,
        policy_hash=view.policy.hash,
    )
