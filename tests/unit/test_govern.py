"""One channel's breaker, signal by signal, and the probes of a half-open round."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.counts import Counts, Draw, Tally
from schemas.lease import Lease, probes
from schemas.policy import BreakerPolicy
from streams.codec import UnreadableRecord
from streams.govern.breaker import TRANSITIONS, IllegalTransition, Signal, diagram, moved
from tests.dispatching import T0, Stood, policy
from tests.governing import Governed

MINUTE = timedelta(minutes=1)
PUSH = Channel.PUSH
DOC = Path(__file__).parents[2] / "docs" / "breaker.md"


@pytest.fixture
def governed() -> Governed:
    """A governor that has begun: every channel is closed."""
    governed = Governed(policy())
    governed.work(now=T0)
    return governed


def counts(now, *, sends=0, complaints=0, failures=0, round=0, partition=0, wants=0) -> Counts:
    minute = int(now.timestamp()) // 60
    tally = Tally(minute=minute, channel=PUSH, round=round, sends=sends, complaints=complaints, failures=failures)
    tallies = (tally,) if sends or complaints or failures else ()
    draws = (Draw(minute=minute, resource=probes(PUSH), round=round, spent=sends),) if round and sends else ()
    wishes = {probes(PUSH): wants} if wants else {}
    return Counts(partition=partition, number=1, at=now, tallies=tallies, draws=draws, wants=wishes)


def tripped(governed: Governed) -> Governed:
    governed.work(counts(T0, sends=200, complaints=1), now=T0)
    return governed


def half_open(governed: Governed):
    tripped(governed)
    now = T0 + 30 * MINUTE
    governed.work(now=now)
    assert governed.state(PUSH) is BreakerState.HALF_OPEN
    return now


def test_every_channel_is_published_as_it_begins(governed):
    """A dispatcher that reads the topic to its end knows every channel of the policy."""
    assert {(each.channel, each.state, each.round) for each in governed.breakers} == {
        (PUSH, BreakerState.CLOSED, 0),
        (Channel.SMS, BreakerState.CLOSED, 0),
    }


@pytest.mark.parametrize(("state", "signal"), list(product(BreakerState, Signal)))
def test_what_is_not_in_the_table_cannot_happen(state, signal):
    """An illegal pair raises and names itself."""
    if (state, signal) in TRANSITIONS:
        assert moved(state, signal) is TRANSITIONS[state, signal]
    else:
        with pytest.raises(IllegalTransition, match=f"{state} cannot take the signal {signal}"):
            moved(state, signal)


@pytest.mark.parametrize(
    ("sends", "complaints", "failures", "state"),
    [
        (199, 199, 199, BreakerState.CLOSED),
        (1000, 0, 49, BreakerState.CLOSED),
        (1000, 1, 0, BreakerState.DEGRADED),
        (1000, 2, 149, BreakerState.DEGRADED),
        (1000, 3, 0, BreakerState.OPEN),
        (1000, 0, 150, BreakerState.OPEN),
    ],
)
def test_it_opens_at_the_ratio_and_not_below_the_volume(governed, sends, complaints, failures, state):
    """Complaints at 0.3 %, failures at 15 %, nothing under 200 sends."""
    governed.work(counts(T0, sends=sends, complaints=complaints, failures=failures), now=T0)
    assert governed.state(PUSH) is state


def test_minutes_leave_the_window(governed):
    """150 sends half an hour ago and 150 now are not 300."""
    governed.work(counts(T0, sends=150), now=T0)
    later = T0 + 30 * MINUTE
    governed.work(counts(later, sends=150, complaints=150), now=later)
    assert governed.state(PUSH) is BreakerState.CLOSED
    just = later - MINUTE
    other = Governed(policy())
    other.work(counts(T0, sends=150), now=T0)
    other.work(counts(just, sends=150, complaints=150), now=just)
    assert other.state(PUSH) is BreakerState.OPEN


def test_good_minutes_that_leave_may_open_it(governed):
    """The window moves by time alone: a minute leaves it a window's length after its beginning."""
    governed.work(counts(T0, sends=1000), now=T0)
    governed.work(counts(T0 + 29 * MINUTE, sends=200, complaints=1), now=T0 + 29 * MINUTE)
    governed.work(now=T0 + 30 * MINUTE - timedelta(seconds=1))
    assert governed.state(PUSH) is BreakerState.CLOSED
    governed.work(now=T0 + 30 * MINUTE)
    assert governed.state(PUSH) is BreakerState.OPEN


def test_what_is_remembered_stays_small(governed):
    """A channel that is closed for a day keeps the minutes of its window and no more."""
    for minute in range(0, 1440, 10):
        now = T0 + minute * MINUTE
        governed.work(counts(now, sends=1), now=now)
    assert len(governed.table[b"breaker/push"]) < 100


def test_an_open_breaker_is_open_after_a_restart(governed):
    """No breaker is forgotten."""
    tripped(governed).restart()
    assert governed.partition.states()[PUSH] is BreakerState.OPEN


def test_open_becomes_half_open_when_its_pause_is_over(governed):
    """By time alone, to the second."""
    tripped(governed)
    governed.work(now=T0 + 30 * MINUTE - timedelta(seconds=1))
    assert governed.state(PUSH) is BreakerState.OPEN
    half_open(governed)
    assert governed.breakers[-1].round == 1
    assert governed.breakers[-1].cause == "cooled: open for 30 min"


def test_grants_end_at_the_limit_and_asking_twice_is_harmless(governed):
    """Wishes are totals of the round: 15 + 15 wanted, 15 + 5 granted."""
    now = half_open(governed)
    for partition in (0, 0, 1, 1, 0):
        governed.work(counts(now, partition=partition, wants=15), now=now)
    assert [(each.partition, each.granted, each.round) for each in governed.leases] == [(0, 15, 1), (1, 5, 1)]


def test_nothing_is_granted_while_not_half_open(governed):
    """A closed channel needs no probes, an open one gets none."""
    governed.work(counts(T0, wants=5), now=T0)
    tripped(governed).work(counts(T0, wants=5), now=T0)
    assert governed.leases == []


def test_a_round_that_came_back_well_closes(governed):
    """All probes sent, and the window has passed once more; what was counted before is forgotten."""
    now = half_open(governed)
    governed.work(counts(now, wants=20), now=now)
    governed.work(counts(now, sends=20, failures=2, round=1), now=now)
    governed.work(now=now + 30 * MINUTE - timedelta(seconds=1))
    assert governed.state(PUSH) is BreakerState.HALF_OPEN
    governed.work(now=now + 30 * MINUTE)
    assert governed.state(PUSH) is BreakerState.CLOSED


@pytest.mark.parametrize("harm", [{"complaints": 1}, {"failures": 3}])
def test_bad_probes_open_it_again(governed, harm):
    """Harm is measured against the whole round."""
    now = half_open(governed)
    governed.work(counts(now, wants=20), now=now)
    governed.work(counts(now, sends=3, round=1, **harm), now=now)
    assert governed.state(PUSH) is BreakerState.OPEN


def test_late_harm_of_older_messages_does_not_judge_probes(governed):
    """Complaints about what was sent before the pause say nothing about the probes."""
    now = half_open(governed)
    governed.work(counts(now, complaints=50, failures=50), counts(now, complaints=9, round=7), now=now)
    assert governed.state(PUSH) is BreakerState.HALF_OPEN


def test_probes_that_were_never_sent_begin_a_new_round(governed):
    """A partition that died with its lease does not leave the channel half-open for ever."""
    now = half_open(governed)
    governed.work(counts(now, wants=20), now=now)
    governed.work(counts(now, sends=19, round=1), now=now)
    governed.work(now=now + 30 * MINUTE)
    assert (governed.state(PUSH), governed.breakers[-1].round) == (BreakerState.HALF_OPEN, 2)
    governed.work(counts(now, partition=1, wants=20), now=now + 30 * MINUTE)
    assert (governed.leases[-1].round, governed.leases[-1].granted) == (2, 20)


def test_a_round_nobody_uses_up_waits(governed):
    """A quiet channel stays half-open until there are messages to probe with."""
    now = half_open(governed)
    governed.work(counts(now, wants=2), now=now)
    governed.work(counts(now, sends=2, round=1), now=now)
    governed.work(now=now + timedelta(days=3))
    assert governed.breakers[-1].round == 1


def test_after_closing_old_counts_do_not_open_it(governed):
    """Counting begins anew with each state."""
    brief = policy(breaker=BreakerPolicy(window_minutes=60, open_minutes=1, probes=1))
    governed = Governed(brief)
    governed.work(counts(T0, sends=200, complaints=1), now=T0)
    governed.work(counts(T0, wants=1), now=T0 + MINUTE)
    governed.work(counts(T0, wants=1), now=T0 + MINUTE)
    governed.work(counts(T0 + MINUTE, sends=1, round=1), now=T0 + MINUTE)
    closed = T0 + 61 * MINUTE
    governed.work(now=closed)
    assert governed.state(PUSH) is BreakerState.CLOSED
    governed.work(counts(closed, sends=200), now=closed)
    assert governed.state(PUSH) is BreakerState.CLOSED


def test_a_report_that_cannot_be_read_stops_the_governor(governed):
    """Sends that were not counted would hide a storm."""
    with pytest.raises(UnreadableRecord):
        governed.partition.step(topics.COUNTS, [Stood(0, 0, b"0", b"nonsense")], T0)


def test_the_picture_in_the_docs_is_the_table():
    """docs/breaker.md carries the diagram that the table gives."""
    assert f"```mermaid\n{diagram()}\n```" in DOC.read_text()


def test_facts_are_what_they_say(governed):
    """Breakers are keyed by channel, leases by channel and partition."""
    now = half_open(governed)
    governed.work(counts(now, wants=1), now=now)
    keys = {fact.topic: fact.key for fact in governed.facts if fact.topic in (Breaker.TOPIC, Lease.TOPIC)}
    assert keys == {topics.BREAKERS: b"push", topics.LEASES: b"probes/push/0"}
