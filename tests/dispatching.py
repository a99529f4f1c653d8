"""Words of the dispatcher's and governor's tests: messages with defaults, and one partition worked by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple, TypeVar

from agents.batches.transaction import apply, begin, finish
from agents.board import Committed
from schemas import topics
from schemas.base import Message
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.control import Control, ControlKind
from schemas.counts import Counts
from schemas.decision import Decision, Outcome, Reason
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import episode_id, warning_id
from schemas.lease import Lease, probes
from schemas.outbound import Outbound
from schemas.policy import ChannelPolicy, LinkRules, Playbook, Policy, Wording
from schemas.profile import Profile
from schemas.warning import Component, Level, Stage, Warning
from streams.board import BoardQuestion, BoardView
from streams.dispatch import Dispatcher, open_dispatch
from streams.role import Fact, Partition
from tests.signs import T0, evidence

PLENTY = 1_000_000
BACK = "https://shop.example/back?utm_source=test&utm_medium=push&utm_campaign=back"
M = TypeVar("M", bound=Message)


def committed(*messages: Message) -> list[Committed]:
    """Messages as a board is told of them after their commit."""
    return [Committed.of(message.encode()) for message in messages]


def policy(**changes: object) -> Policy:
    """Push, then SMS, for RISK and CRITICAL; the defaults of everything else."""
    basis: dict[str, object] = {
        "name": "test",
        "channels": {
            Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=100),
            Channel.SMS: ChannelPolicy(cost=0.05, rate_per_second=10),
        },
        "playbooks": (
            Playbook(
                name="come-back",
                levels=(Level.RISK, Level.CRITICAL),
                channels=(Channel.PUSH, Channel.SMS),
                template="miss-you",
                parameters={"offer": "none"},
                link=BACK,
            ),
        ),
        "wording": Wording(link=LinkRules(hosts=("shop.example",))),
    }
    return Policy.model_validate(basis | changes)


def warning(
    user: str = "u1", level: Level = Level.RISK, *, product: str = "shop", day: int = 0,
    stage: Stage = Stage.AT_RISK, at: datetime = T0, complaints: int | None = None,
) -> Warning:  # fmt: skip
    """A warning of the silence that began ``day`` days after T0; with ``complaints`` it says how many are open."""
    since = (T0 + timedelta(days=day)).date()
    episode = episode_id(user, product, since)
    name = level.value if stage in (Stage.AT_RISK, Stage.RETURNED) else f"{level}/{stage}"
    return Warning(
        id=warning_id(episode, name),
        level=level,
        episode=episode,
        user_id=user,
        product=product,
        at=at,
        index=40_000,
        parts={Component.SILENCE: 60_000},
        threshold=50_000,
        rules=("level",),
        stage=stage,
        evidence=None if complaints is None else evidence(complaints),
        clears_when="the user returns",
        snapshot="start",
        warming_up=True,
        policy_hash="0",
    )


def recovered(user: str = "u1", *, product: str = "shop", day: int = 0) -> Warning:
    """The return that ends the silence of :func:`warning`."""
    return warning(user, Level.RECOVERED, product=product, day=day, stage=Stage.RETURNED)


def profile(
    user: str = "u1",
    consent: Iterable[Channel] = tuple(Channel),
    reachable: Iterable[Channel] = tuple(Channel),
    at: datetime = T0 - timedelta(days=1),
    **more: object,
) -> Profile:
    """A user who agrees to everything and is reachable everywhere, unless said otherwise."""
    told = {"user_id": user, "time": at, "consent": dict.fromkeys(consent, True), "reachable": tuple(reachable)}
    return Profile.model_validate(told | more)


def feedback(
    message: str, kind: FeedbackKind, user: str = "u1", channel: Channel = Channel.PUSH, n: int = 0
) -> Feedback:
    """A report about a message."""
    return Feedback(id=f"f{n}", message=message, user_id=user, channel=channel, kind=kind, time=T0)


def breaker(
    state: BreakerState,
    channel: Channel = Channel.PUSH,
    round: int = 0,
    since: datetime = T0,
    until: datetime | None = None,
) -> Breaker:
    """The governor's word about a channel."""
    return Breaker(channel=channel, state=state, round=round, since=since, until=until, cause="test")


def lease(granted: int, channel: Channel = Channel.PUSH, partition: int = 0, round: int = 1) -> Lease:
    """Probes for a partition."""
    return leased(probes(channel), granted, partition, round)


def leased(resource: str, granted: int, partition: int = 0, round: int = 0, reserve: int = 0) -> Lease:
    """So much of a resource for a partition, in all."""
    return Lease(resource=resource, partition=partition, round=round, granted=granted, reserve=reserve, at=T0)


def order(kind: ControlKind, target: str = "u1", at: datetime = T0, **more: object) -> Control:
    """An operator's word."""
    return Control.model_validate({"kind": kind, "target": target, "who": "ann", "why": "test", "at": at} | more)


class Lifted(NamedTuple):
    """An operator's word is taken back."""

    key: str
    TOPIC = topics.CONTROL


class Stood(NamedTuple):
    """A record as it stands on a topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


_offsets = count()


def stood(message: Message | Lifted) -> Stood:
    """A message on its topic, or the record that takes one back."""
    if isinstance(message, Lifted):
        return Stood(next(_offsets), 0, message.key.encode(), None)
    return Stood(next(_offsets), 0, message.key.encode(), message.encode(), message.headers())


def read(facts: Iterable[Fact], kind: type[M]) -> list[M]:
    """The messages of a kind among facts."""
    return [kind.decode(fact.value) for fact in facts if fact.topic == kind.TOPIC and fact.value is not None]


class Worked:
    """A dispatcher partition with its committed table and memo, worked a transaction at a time."""

    def __init__(self, policy: Policy, number: int = 0) -> None:
        self.policy, self.number = policy, number
        self.table: dict[bytes, bytes] = {}
        self.memo: bytes | None = None
        self.facts: list[Fact] = []
        self.asked: BoardQuestion | None = None
        self.tokens: dict[Channel, int] = dict.fromkeys(Channel, PLENTY)
        self.contacted: dict[str, datetime] = {}
        self.board = True
        self.more = False
        self.orders: dict[bytes | None, Stood] = {}
        self.restart()

    def restart(self) -> None:
        """Open anew from what is committed; all orders that stand are heard again first."""
        opened: Partition = open_dispatch(self.policy)(self.number, self.table, self.memo)
        assert isinstance(opened, Dispatcher)
        self.partition = opened
        self._anew = True

    def hear(self, *messages: Message | Lifted, now: datetime = T0) -> None:
        """Broadcasts, in a transaction of their own."""
        self.work(now=now, heard=messages)

    def work(
        self,
        *messages: Message,
        now: datetime = T0,
        heard: Sequence[Message | Lifted] = (),
        tick: bool = True,
        behind: int = 0,
    ) -> list[Fact]:
        """One transaction as the owner makes it; the facts of it."""
        return self.work_raw([(each.TOPIC, stood(each)) for each in messages], now, heard, tick, behind)

    def work_raw(
        self,
        records: Sequence[tuple[str, Stood]],
        now: datetime,
        heard: Sequence[Message | Lifted] = (),
        tick: bool = True,
        behind: int = 0,
    ) -> list[Fact]:
        """The same with records as they stand on their topics."""
        news = self._news([(message.TOPIC, stood(message)) for message in heard])
        batches = [(topic, [record]) for topic, record in records]
        begun = begin(self.partition, news, batches, now, due=tick, behind=behind)
        for _topic, record in records:
            self.on_record(record, now)
        self.asked = begun.question
        answer = None if self.asked is None else self._look(self.asked)
        finished = finish(self.partition, begun, answer, now, due=tick)
        facts: list[Fact] = list(finished.facts)  # type: ignore[arg-type]
        self.on_facts(facts, now)
        apply(self.table, finished.settled.writes)
        self.memo, self.more = finished.settled.memo, finished.settled.more
        self.facts += facts
        for message in read(facts, Outbound):
            self.tokens[message.channel] -= 1
        return facts

    def _news(self, heard: Sequence[tuple[str, Stood]]) -> dict[str, list[Stood]]:
        """Of the orders only the newest of a key is kept, as on a compacted topic; all of them come at opening."""
        news: dict[str, list[Stood]] = {}
        orders = {record.key: record for topic, record in heard if topic == topics.CONTROL}
        self.orders = {key: record for key, record in self.orders.items() if key not in orders} | orders
        if self._anew or orders:
            news[topics.CONTROL] = list((self.orders if self._anew else orders).values())
            self._anew = False
        for topic, record in heard:
            if topic != topics.CONTROL:
                news.setdefault(topic, []).append(record)
        return news

    def on_record(self, record: Stood, now: datetime) -> None:
        """A record was absorbed; laws look at it."""

    def on_facts(self, facts: list[Fact], now: datetime) -> None:
        """The facts of a transaction, after its records; laws look at them."""

    def _look(self, question: BoardQuestion) -> BoardView:
        tokens = {channel: min(wanted, self.tokens[channel]) for channel, wanted in question.tokens.items()}
        contacted = {user: at for user, at in self.contacted.items() if user in question.users}
        return BoardView(self.board, tokens, contacted if self.board else {})

    @property
    def decisions(self) -> list[Decision]:
        """Every decision so far."""
        return read(self.facts, Decision)

    @property
    def outcome(self) -> tuple[Outcome, Reason | None]:
        """What the last decision was, and why."""
        last = self.decisions[-1]
        return last.outcome, last.reason

    @property
    def outbound(self) -> list[Outbound]:
        """Every message so far."""
        return read(self.facts, Outbound)

    @property
    def counts(self) -> list[Counts]:
        """Every report to the governor so far."""
        return read(self.facts, Counts)
