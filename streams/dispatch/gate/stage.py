"""The shape of a stage: pure, one question, one finding; None lets the candidate pass."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Call, Reason
from schemas.lease import probes
from schemas.message_class import MessageClass
from schemas.policy import Playbook, Policy
from streams.board import BoardView
from streams.control import Order
from streams.dispatch.book import Book, Candidate, Recall
from streams.dispatch.capping import Caps
from streams.dispatch.copy.writer import Copywriter, Written
from streams.dispatch.holding import Holding
from streams.dispatch.hours import AllowedHours
from streams.dispatch.standing import FIRST, Standings
from streams.limits import Limits, Need, Needs


class View(NamedTuple):
    """What is known at the instant of a judgement.

    ``channels`` are those of the playbook that the policy has, in the playbook's order, without those that have failed;
    ``recall`` is the id of the recall this candidate would open, ``failed`` that recall where it is open already and
    goes on because its last message has failed; ``newer`` says that a later warning of the user is here; ``tokens`` are
    what is left of the provider's rate, ``queued`` the candidates already waiting for it; ``writer`` puts it into
    words, ``texts`` are what it wrote so far; ``limits`` are those of the policy for all users together, ``needs`` what
    a message of one segment takes of them on each channel, ``holdings`` what is leased here; ``paused`` is the
    operator's order that pauses the playbook, if one stands.
    """

    user: str
    book: Book
    policy: Policy
    playbook: Playbook | None
    channels: tuple[Channel, ...]
    recall: str
    failed: Recall | None
    newer: bool
    board: BoardView
    tokens: Mapping[Channel, int]
    queued: Mapping[Channel, int]
    standings: Standings
    hours: AllowedHours
    caps: Caps
    writer: Copywriter
    texts: dict[Channel, Written]
    limits: Limits
    needs: Mapping[Channel, Needs]
    holdings: Mapping[str, Holding]
    paused: Order | None = None

    def needed(self, candidate: Candidate, channel: Channel) -> Needs:
        """What the candidate's message takes of the policy's limits on a channel; words are counted where they cost."""
        needs = self.needs[channel]
        return needs.times(self.written(candidate, channel).segments or 1) if needs.budget else needs

    def takes(self, candidate: Candidate, channel: Channel) -> tuple[Need, ...]:
        """Everything leased that the message takes now, in order: first a probe, while the channel is half-open."""
        half = self.standings.get(channel, FIRST).state is BreakerState.HALF_OPEN
        return ((Need(probes(channel), 1),) if half else ()) + self.needed(candidate, channel).all

    @property
    def message_class(self) -> MessageClass:
        """What the message would be for."""
        return self.playbook.message_class if self.playbook else MessageClass.PROMOTION

    @property
    def zone(self) -> str:
        """The IANA time zone in which the user lives, as far as is known."""
        profile = self.book.profile
        return profile.zone if profile and profile.zone else self.policy.dispatch.zone

    def written(self, candidate: Candidate, channel: Channel) -> Written:
        """What the candidate's message would say on a channel; written once, though several stages ask."""
        assert self.playbook is not None, "without a playbook there is no channel"
        if channel not in self.texts:
            profile = self.book.profile
            self.texts[channel] = self.writer.write(
                self.playbook,
                channel,
                profile.language if profile else None,
                {"user": self.user, "product": candidate.product, "level": candidate.level, "stage": candidate.stage},
            )
        return self.texts[channel]


class Finding(NamedTuple):
    """Why a candidate cannot be sent now (hold, until when) or at all (drop).

    A hold that ``waits`` for the governor is looked at again as soon as so much of it is leased here; ``takes`` is what
    should be leased meanwhile, so that the candidate can go. A ``brief`` one is for a lease that may be on its way.
    """

    call: Call
    reason: Reason
    detail: str
    until: datetime | None = None
    waits: Need | None = None
    takes: tuple[Need, ...] = ()
    brief: bool = False


def hold(
    reason: Reason,
    until: datetime,
    detail: str,
    waits: Need | None = None,
    takes: tuple[Need, ...] = (),
    brief: bool = False,
) -> Finding:
    """Not before ``until``, or the lease or word of the governor it ``waits`` for."""
    return Finding(Call.HOLD, reason, detail, until, waits, takes, brief)


def drop(reason: Reason, detail: str) -> Finding:
    """Never."""
    return Finding(Call.DROP, reason, detail)


Rule = Callable[[Candidate, View, datetime], Finding | None]
ChannelRule = Callable[[Candidate, Channel, View, datetime], Finding | None]


class Stage(NamedTuple):
    """A rule about the candidate itself, whatever the channel."""

    name: str
    rule: Rule


class ChannelStage(NamedTuple):
    """A rule about the candidate on one channel."""

    name: str
    rule: ChannelRule
