"""What holds for every stream of warnings, profiles, feedback, governor's words and ticks, however it is cut."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.base import Message
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Call, Decision, Outcome
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import message_id, recall_id
from schemas.outbound import Outbound
from schemas.policy import Cap, Caps, ChannelPolicy, Dispatch, Playbook, Policy
from schemas.profile import Profile
from schemas.warning import Level, Stage, Warning
from streams.dispatch.gate import STAGES
from streams.role import Fact
from tests.dispatching import T0, Stood, Worked, breaker, feedback, lease, policy, profile, read, recovered, warning

USERS = ("u1", "u2", "u3")
PRODUCTS = ("shop", "grocery")
STAGES_OF_SILENCE = (Stage.AT_RISK, Stage.LAPSED)
CHANNELS = (Channel.PUSH, Channel.SMS)
MINUTES = (0, 0, 1, 5, 30, 61, 600, 1440, 1441, 3000, 10_081, 41_000)
LAWS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Round(NamedTuple):
    """What happens at one instant of processing time."""

    after: timedelta
    heard: tuple[Message, ...]
    records: tuple[Message, ...]
    tokens: int
    board: bool
    contacted: frozenset[str]


Script = tuple[Round, ...]

users = st.sampled_from((*USERS, *USERS[:1] * 5))
some_channels = st.sampled_from([CHANNELS, CHANNELS, CHANNELS[:1], CHANNELS[1:], ()])
warnings = st.builds(
    warning,
    users,
    st.sampled_from([Level.RISK, Level.CRITICAL, Level.RISK, Level.CRITICAL, Level.WATCH]),
    product=st.sampled_from(PRODUCTS),
    day=st.integers(0, 2),
    stage=st.sampled_from(STAGES_OF_SILENCE),
)
returns = st.builds(recovered, users, product=st.sampled_from(PRODUCTS), day=st.integers(0, 2))
profiles = st.builds(
    profile,
    users,
    consent=some_channels,
    reachable=some_channels,
    at=st.sampled_from([T0 - timedelta(days=1), T0 + timedelta(days=1), T0 + timedelta(days=4000)]),
)


@st.composite
def reports(draw: st.DrawFn) -> Feedback:
    """Feedback about a message that may or may not have been sent, of this user or another."""
    about = draw(warnings)
    recall = recall_id(about.user_id, about.episode, about.stage)
    kind = draw(st.sampled_from(FeedbackKind))
    return feedback(message_id(recall, 1), kind, draw(users), draw(st.sampled_from(CHANNELS)), draw(st.integers(0, 3)))


@st.composite
def words(draw: st.DrawFn) -> tuple[Message, ...]:
    """The governor's words, in any order, also of old rounds; often a half-open round with its lease."""
    channel, number = draw(st.sampled_from(CHANNELS)), draw(st.integers(1, 3))
    state = draw(st.sampled_from([*BreakerState, BreakerState.HALF_OPEN]))
    said = (
        breaker(state, channel, number),
        lease(
            draw(st.integers(0, 3)), channel, draw(st.sampled_from([0, 0, 1])), draw(st.sampled_from([number, 1, 2]))
        ),
    )
    return draw(st.sampled_from([(), (), said, said[:1], said[1:], said[::-1]]))


anything = st.sampled_from([warnings] * 5 + [returns] * 3 + [profiles, reports()]).flatmap(lambda kind: kind)
rounds = st.builds(
    Round,
    st.sampled_from(MINUTES).map(lambda minutes: timedelta(minutes=minutes)),
    words(),
    st.lists(anything, min_size=1, max_size=8).map(tuple),
    st.sampled_from([100, 100, 100, 100, 2, 1, 0]),
    st.sampled_from([True] * 6 + [False]),
    st.sampled_from([(), (), (), (), (), *((user,) for user in USERS)]).map(frozenset),
)


def once(script: Sequence[Round]) -> Script:
    """As health writes: no warning comes twice, and a return comes after a warning of its episode.

    Everybody is known at first, or little would happen.
    """
    seen: set[str] = set()
    kept: list[Round] = [Round(timedelta(), (), tuple(map(profile, USERS)), 0, True, frozenset())]
    for each in script:
        records = [message for message in each.records if happens(message, seen)]
        kept.append(each._replace(records=tuple(records)))
    return tuple(kept)


def happens(message: Message, seen: set[str]) -> bool:
    if not isinstance(message, Warning):
        return True
    if message.level is Level.RECOVERED:
        return message.episode in seen
    fresh = message.id not in seen
    seen |= {message.id, message.episode}
    return fresh


scripts = st.lists(rounds, min_size=4, max_size=12).map(once)
caps = st.builds(Cap, count=st.sampled_from([1, 2, 2, 1, 3, 3, 2, 0]), hours=st.sampled_from([1, 24, 168]))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Small caps, short and long lives, one playbook or none for a level."""
    levels = draw(st.sampled_from([(Level.RISK,), (Level.RISK, Level.CRITICAL)]))
    order = draw(st.permutations(CHANNELS))
    return policy(
        channels={
            each: ChannelPolicy(cost=1, rate_per_second=draw(st.sampled_from([0.001, 10])), cap=draw(caps))
            for each in CHANNELS
        },
        playbooks=(Playbook(name="p", levels=levels, channels=tuple(order), template="t"),),
        caps=Caps(total=draw(caps)),
        dispatch=Dispatch(
            expiry_hours=draw(st.sampled_from([1, 72])),
            return_cooldown_days=draw(st.sampled_from([0, 0, 0, 1, 28])),
            registry_hold_minutes=draw(st.sampled_from([0, 60])),
        ),
    )


def played(
    policy: Policy,
    script: Script,
    *,
    cut: int = 0,
    restarts: frozenset[int] = frozenset(),
    worked: Worked | None = None,
) -> Worked:
    """The script through a partition: in one transaction an instant, or cut after every ``cut`` records."""
    worked = worked or Worked(policy)
    now = T0
    for number, each in enumerate(script):
        now += each.after
        if number in restarts:
            worked.restart()
        worked.tokens = dict.fromkeys(CHANNELS, each.tokens)
        worked.board, worked.contacted = each.board, dict.fromkeys(each.contacted, now - timedelta(hours=23))
        play(worked, each, now, cut)
    return worked


def play(worked: Worked, each: Round, now: datetime, cut: int) -> None:
    records = [
        (message.TOPIC, Stood(n, 0, message.key.encode(), message.encode())) for n, message in enumerate(each.records)
    ]
    worked.work_raw([], now, each.heard, tick=False)
    while cut and len(records) > cut:
        worked.work_raw(records[:cut], now, tick=False)
        del records[:cut]
    worked.work_raw(records, now)


def instants(script: Script) -> Iterator[datetime]:
    now = T0
    for each in script:
        now += each.after
        yield now


def by_user(messages: Sequence[Outbound]) -> dict[str, list[Outbound]]:
    grouped: dict[str, list[Outbound]] = defaultdict(list)
    for message in messages:
        grouped[message.user_id].append(message)
    return grouped


@LAWS
@given(policies(), scripts)
def test_nobody_is_messaged_twice_for_one_episode_and_stage(policy, script):
    """The promise; and a message has one channel and one id."""
    outbound = played(policy, script).outbound
    assert len({(each.user_id, each.episode, each.stage) for each in outbound}) == len(outbound)
    assert len({each.id for each in outbound}) == len({each.recall for each in outbound}) == len(outbound)


@LAWS
@given(policies(), scripts)
def test_caps_are_never_exceeded(policy, script):
    """Counted anew from the messages alone, in every window that ends with a message."""
    for messages in by_user(played(policy, script).outbound).values():
        for last in messages:
            within_cap(policy.caps.total, messages, last)
            same = [each for each in messages if each.channel is last.channel]
            within_cap(policy.channels[last.channel].cap, same, last)


def within_cap(cap: Cap, messages: Sequence[Outbound], last: Outbound) -> None:
    inside = [each for each in messages if last.at - timedelta(hours=cap.hours) < each.at <= last.at]
    assert len(inside) <= cap.count


class Consent(Worked):
    """Keeps, beside the partition, what each user has agreed to, from the records alone."""

    def __init__(self, policy: Policy) -> None:
        self.profiles: dict[str, tuple[datetime, Profile]] = {}
        self.left: dict[tuple[str, Channel], datetime] = {}
        super().__init__(policy)

    def on_record(self, record: Stood, facts: list[Fact], now: datetime) -> None:
        assert record.value is not None
        if b'"message"' in record.value:
            report = Feedback.decode(record.value)
            if report.kind is FeedbackKind.UNSUBSCRIBED:
                self.left[report.user_id, report.channel] = min(report.time, now)
        elif b'"consent"' in record.value:
            told = Profile.decode(record.value)
            self.profiles[told.user_id] = (min(told.time, now), told)
        self.agreed(facts)

    def agreed(self, facts: Sequence[Fact]) -> None:
        for message in read(facts, Outbound):
            at, known = self.profiles[message.user_id]
            assert known.consent.get(message.channel)
            assert message.channel in known.reachable
            left = self.left.get((message.user_id, message.channel))
            assert left is None or left < at


@LAWS
@given(policies(), scripts)
def test_nobody_is_messaged_without_consent(policy, script):
    """Neither without a profile nor against it, nor after leaving, were it the record just before."""
    worked = Consent(policy)
    played(policy, script, worked=worked)
    now = list(instants(script))[-1]
    for minutes in (60, 1440, 5000):
        worked.tokens = dict.fromkeys(CHANNELS, 100)
        worked.agreed(worked.work(now=now + timedelta(minutes=minutes)))


@LAWS
@given(policies(), scripts)
def test_every_candidate_ends_and_every_judgement_is_told(policy, script):
    """Decisions of a candidate are numbered without a gap, held but for the last, and all have ended after expiry."""
    worked = played(policy, script)
    held = {each.warning: each for each in worked.decisions}
    now = list(instants(script))[-1]
    assert all(each.expires > now for each in held.values() if each.outcome is Outcome.HELD)
    worked.work(now=now + timedelta(hours=73))
    stories: dict[str, list[Decision]] = defaultdict(list)
    for decision in worked.decisions:
        stories[decision.warning].append(decision)
    warned = {
        each.id for r in script for each in r.records if isinstance(each, Warning) and each.level is not Level.RECOVERED
    }
    assert stories.keys() == warned
    for story in stories.values():
        assert [each.number for each in story] == list(range(1, len(story) + 1))
        assert [each.outcome for each in story[:-1]] == [Outcome.HELD] * (len(story) - 1)
        assert story[-1].outcome in (Outcome.SENT, Outcome.DROPPED)
    assert worked.partition.waiting == 0


@LAWS
@given(policies(), scripts)
def test_a_decision_says_why(policy, script):
    """All stages judge; the outcome follows from the trace; a message and the decision to send it name each other."""
    worked = played(policy, script)
    for decision in worked.decisions:
        assert {verdict.stage for verdict in decision.trace} >= {each.name for each in STAGES} or not decision.playbook
        refused = [each for each in decision.trace if each.call is not Call.PASS]
        on_channel = [each for each in refused if each.channel in (None, decision.channel)]
        assert bool(on_channel) == (decision.outcome is not Outcome.SENT)
        assert decision.outcome is Outcome.SENT or decision.reason in {each.reason for each in refused}
        assert (decision.earliest is not None) == (decision.outcome is Outcome.HELD)
        assert decision.earliest is None or decision.earliest > decision.at
    sent = {each.message: each.warning for each in worked.decisions if each.outcome is Outcome.SENT}
    assert sent == {each.id: each.warning for each in worked.outbound}


@LAWS
@given(policies(), scripts, st.integers(1, 3))
def test_any_cut_into_batches_gives_the_same_facts(policy, script, cut):
    """Transactions at one instant may be many or one."""
    assert played(policy, script, cut=cut).facts == played(policy, script).facts


@LAWS
@given(policies(), scripts, st.frozensets(st.integers(0, 12)))
def test_opening_anew_gives_the_same_facts(policy, script, restarts):
    """Table and memo hold everything: who waits, in which order, what was leased, what the governor was not told."""
    whole, broken = played(policy, script), played(policy, script, restarts=restarts)
    assert broken.facts == whole.facts
    assert (broken.table, broken.memo) == (whole.table, whole.memo)


@LAWS
@given(policies(), scripts)
def test_no_more_probes_are_sent_than_were_leased(policy, script):
    """Over each round, whatever the governor says in between and however stale its words are."""
    sent: dict[tuple[Channel, int], int] = defaultdict(int)
    for counts in played(policy, script).counts:
        for tally in counts.tallies:
            sent[tally.channel, tally.round] += tally.sends
    leases = [each for r in script for each in r.heard if each.TOPIC == topics.LEASES and each.partition == 0]
    for (channel, number), sends in sent.items():
        granted = [each.granted for each in leases if (each.channel, each.round) == (channel, number)]
        assert number == 0 or sends <= max(granted, default=0)


@LAWS
@given(policies(), scripts)
def test_no_more_is_sent_than_the_provider_takes(policy, script):
    """At one instant never more than the tokens that were there."""
    outbound = played(policy, script).outbound
    tokens: dict[datetime, int] = defaultdict(int)
    for now, each in zip(instants(script), script, strict=True):
        tokens[now] += each.tokens
    for now, limit in tokens.items():
        for channel in CHANNELS:
            assert sum(each.at == now and each.channel is channel for each in outbound) <= limit


@LAWS
@given(policies(), scripts)
def test_counts_add_up(policy, script):
    """What the governor is told in the end is what was sent, once."""
    worked = played(policy, script)
    worked.work(now=list(instants(script))[-1] + timedelta(days=400))
    told = sum(tally.sends for counts in worked.counts for tally in counts.tallies)
    assert told == len(worked.outbound)
    assert [counts.number for counts in worked.counts] == list(range(1, len(worked.counts) + 1))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([topics.PROFILES, topics.FEEDBACK]),
    st.none() | st.binary(),
    st.none() | st.binary() | st.text().map(str.encode),
)
def test_no_bytes_of_others_stop_the_partition(topic, key, value):
    """A profile or report of any bytes is taken, or goes to the dead letters as it came."""
    worked = Worked(policy())
    facts = worked.work_raw([(topic, Stood(0, 0, key, value))], T0)
    assert all((each.topic, each.key, each.value) == (topics.DEAD_LETTERS, key, value) for each in facts)
    assert len(facts) == (0 if topic == topics.PROFILES and value is None and key is not None else 1)
