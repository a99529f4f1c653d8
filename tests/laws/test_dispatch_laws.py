"""What holds for every stream of warnings, profiles, feedback, governor's words and ticks, however it is cut."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.control import EVERY, Control, ControlKind
from schemas.decision import Call, Decision, Outcome, Reason
from schemas.lease import Lease, probes
from schemas.outbound import Outbound
from schemas.policy import Policy
from streams.dispatch.gate import STAGES
from streams.role import Fact
from tests.cases import cases
from tests.dispatching import T0, Lifted, Stood, Worked, policy, read
from tests.laws.dispatch_play import played
from tests.laws.dispatch_story import CHANNELS, policies, stories, warned

ENOUGH = policy()
"""Nothing that users share is scarce under it, and no hour is quiet."""

LAWS = cases(30)


class Ordered(Worked):
    """Keeps, beside the partition, what operators have ordered, from their words alone."""

    def __init__(self, policy: Policy) -> None:
        self.words: dict[str, Control] = {}
        super().__init__(policy)

    def work_raw(
        self,
        records: Sequence[tuple[str, Stood]],
        now: datetime,
        heard: Sequence[Message | Lifted] = (),
        tick: bool = True,
        behind: int = 0,
    ) -> list[Fact]:
        for word in heard:
            if isinstance(word, Lifted):
                self.words.pop(word.key, None)
            elif isinstance(word, Control):
                self.words[word.key] = word
        facts = super().work_raw(records, now, heard, tick, behind)
        for message in read(facts, Outbound):
            assert not self.stands(ControlKind.SUPPRESS, message.user_id, now)
            assert not self.stands(ControlKind.SILENCE, message.user_id, now)
            assert not self.stands(ControlKind.PAUSE, message.playbook, now)
            assert not self.stands(ControlKind.PAUSE, EVERY, now)
        if tick:
            self.nobody_waits_for_nothing(now)
        return facts

    def nobody_waits_for_nothing(self, now: datetime) -> None:
        last = {each.user_id: each for each in self.decisions}
        for user, decision in last.items():
            waits = decision.outcome is Outcome.HELD
            assert not (waits and self.stands(ControlKind.SUPPRESS, user, now))
            if waits and decision.reason is Reason.PLAYBOOK_PAUSED:
                assert any(self.stands(ControlKind.PAUSE, each, now) for each in (decision.playbook or "", EVERY))

    def stands(self, kind: ControlKind, target: str, now: datetime) -> bool:
        word = self.words.get(f"{kind}/{target}")
        return word is not None and (word.until is None or now < word.until)


@pytest.mark.requirement("E2")
@LAWS
@given(policies(), stories, st.integers(0, 3), st.frozensets(st.integers(0, 60)))
def test_orders_are_obeyed(policy, story, cut, restarts):
    """Nothing to a suppressed or silenced user, nothing from a paused playbook, in any order of words and restarts.

    Nor does anybody wait who is suppressed, or whose playbook is paused no more.
    """
    worked = Ordered(policy)
    played(policy, story, cut=cut, restarts=restarts, worked=worked)
    for hours in (1, 24, 24, 48, 200):
        worked.tokens = dict.fromkeys(CHANNELS, 100)
        worked.work(now=worked.decisions[-1].at + timedelta(hours=hours) if worked.decisions else T0)


@LAWS
@given(policies(), stories)
def test_every_candidate_ends_and_every_judgement_is_told(policy, story):
    """Decisions of a candidate are numbered without a gap, and held but for its end, which is made by its expiry.

    What was sent is no end where it failed: the candidate goes on, and a report that comes late is told of at once.
    """
    worked = played(policy, story)
    end = story[-1].now + timedelta(hours=73)
    worked.work(now=end)
    told: dict[str, list[Decision]] = defaultdict(list)
    for decision in worked.decisions:
        told[decision.warning].append(decision)
    assert told.keys() == {each.id for each in warned(story)}
    for decisions in told.values():
        assert [each.number for each in decisions] == list(range(1, len(decisions) + 1))
        assert {each.outcome for each in decisions[:-1]} <= {Outcome.HELD, Outcome.SENT}
        last = decisions[-1]
        assert last.outcome in (Outcome.SENT, Outcome.DROPPED)
        if decisions[-2:-1] == [] or decisions[-2].outcome is Outcome.HELD:
            assert last.at <= min(now for now in (*(each.now for each in story), end) if now >= last.expires)
    assert worked.partition.waiting == 0


@LAWS
@given(policies(), stories)
def test_a_decision_says_why(policy, story):
    """All stages judge; the outcome follows from the trace; a message and the decision to send it name each other."""
    worked = played(policy, story)
    for decision in worked.decisions:
        nowhere = any(each.stage == "playbook" and each.call is Call.DROP for each in decision.trace)
        assert {verdict.stage for verdict in decision.trace} >= {each.name for each in STAGES} or nowhere
        refused = [each for each in decision.trace if each.call is not Call.PASS]
        on_channel = [each for each in refused if each.channel in (None, decision.channel)]
        assert bool(on_channel) == (decision.outcome is not Outcome.SENT)
        assert decision.outcome is Outcome.SENT or decision.reason in {each.reason for each in refused}
        assert (decision.earliest is not None) == (decision.outcome is Outcome.HELD)
        assert decision.earliest is None or decision.earliest > decision.at
    sent = {each.message: each.warning for each in worked.decisions if each.outcome is Outcome.SENT}
    assert sent == {each.id: each.warning for each in worked.outbound}


@LAWS
@given(policies(), stories, st.integers(1, 3))
def test_any_cut_of_a_backlog_gives_the_same_facts(policy, story, cut):
    """All that is known is absorbed before anybody is judged, so it does not matter how it comes."""
    assert played(policy, story, cut=cut).facts == played(policy, story).facts


@LAWS
@given(policies(), stories, st.frozensets(st.integers(0, 60)))
def test_records_that_are_settled_one_by_one_give_the_same_facts_whatever_comes_between(policy, story, restarts):
    """Empty transactions and restarts between them change nothing."""
    whole = played(policy, story, settled=True)
    broken = played(policy, story, settled=True, idle=True, restarts=restarts)
    assert broken.facts == whole.facts
    assert (broken.table, broken.memo) == (whole.table, whole.memo)


@LAWS
@given(stories)
def test_a_coarser_cut_only_overtakes_more(story):
    """With enough of everything, who is written to after a backlog would have been written to without one."""
    plenty = tuple(each._replace(tokens=100, board=True, heard=(), contacted=frozenset()) for each in story)
    whole, fine = played(ENOUGH, plenty), played(ENOUGH, plenty, settled=True)
    assert {each.user_id for each in whole.outbound} <= {each.user_id for each in fine.outbound}


@LAWS
@given(policies(), stories, st.frozensets(st.integers(0, 60)))
def test_opening_anew_gives_the_same_facts(policy, story, restarts):
    """Table and memo hold everything: who waits, in which order, what was leased, what the governor was not told."""
    whole, broken = played(policy, story), played(policy, story, restarts=restarts)
    assert broken.facts == whole.facts
    assert (broken.table, broken.memo) == (whole.table, whole.memo)


@LAWS
@given(policies(), stories)
def test_no_more_probes_are_sent_than_were_leased(policy, story):
    """Over each round, whatever the governor says in between and however stale its words are."""
    sent: dict[tuple[Channel, int], int] = defaultdict(int)
    for counts in played(policy, story).counts:
        for tally in counts.tallies:
            sent[tally.channel, tally.round] += tally.sends
    leases = [each for r in story for each in r.heard if isinstance(each, Lease) and each.partition == 0]
    for (channel, number), sends in sent.items():
        granted = [each.granted for each in leases if (each.resource, each.round) == (probes(channel), number)]
        assert number == 0 or sends <= max(granted, default=0)


@LAWS
@given(policies(), stories)
def test_no_more_is_sent_than_the_provider_takes(policy, story):
    """At one instant never more than the tokens that were there."""
    outbound = played(policy, story).outbound
    tokens: dict[datetime, int] = defaultdict(int)
    for each in story:
        tokens[each.now] += each.tokens
    for now, limit in tokens.items():
        for channel in CHANNELS:
            assert sum(each.at == now and each.channel is channel for each in outbound) <= limit


@LAWS
@given(policies(), stories)
def test_counts_add_up(policy, story):
    """What the governor is told in the end is what was sent, once."""
    worked = played(policy, story)
    worked.work(now=story[-1].now + timedelta(days=400))
    told = sum(tally.sends for counts in worked.counts for tally in counts.tallies)
    assert told == len(worked.outbound)
    assert [counts.number for counts in worked.counts] == list(range(1, len(worked.counts) + 1))


@cases(300)
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
    taken_back = topic == topics.PROFILES and value is None and key is not None and not key.startswith(b"\0")
    assert len(facts) == (0 if taken_back else 1)
