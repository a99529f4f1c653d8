"""Who waits, for the governor's word or for his time, and how the waiting ends."""

from datetime import timedelta

from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.lease import probes
from schemas.policy import ChannelPolicy, Dispatch
from schemas.warning import Level
from tests.dispatching import T0, Worked, breaker, feedback, lease, policy, profile, recovered, warning

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def test_an_open_breaker_hands_over_to_the_next_channel(worked):
    """E12, E13: traffic goes where it may."""
    worked.hear(breaker(BreakerState.OPEN))
    worked.work(warning())
    assert [message.channel for message in worked.outbound] == [Channel.SMS]


def only_push(**changes: object) -> Worked:
    worked = Worked(policy(channels={Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=2)}, **changes))
    worked.work(*(profile(f"u{n}") for n in range(1, 7)))
    return worked


def test_an_open_breaker_holds_and_its_closing_wakes():
    """The hold ends with the breaker's pause, or as soon as the governor says so."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN, until=T0 + 30 * MINUTE))
    worked.work(warning(), now=T0 + MINUTE)
    assert worked.outcome == (Outcome.HELD, Reason.BREAKER_OPEN)
    assert worked.decisions[-1].earliest == T0 + 30 * MINUTE
    worked.work(now=T0 + 2 * MINUTE)
    assert len(worked.decisions) == 1
    worked.work(now=T0 + 3 * MINUTE, heard=[breaker(BreakerState.CLOSED)])
    assert worked.outcome == (Outcome.SENT, None)


def test_half_open_sends_leased_probes_and_no_more():
    """Three are granted, three of five go out, longest waiting first; a probe is counted in its round."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1))
    for n in range(1, 6):
        worked.work(warning(f"u{n}"), now=T0 + n * MINUTE)
    assert {decision.reason for decision in worked.decisions} == {Reason.NO_PROBE}
    assert worked.counts[-1].wants == {probes(Channel.PUSH): 5}
    worked.work(now=T0 + 6 * MINUTE, heard=[lease(3), lease(9, partition=1)])
    assert [message.user_id for message in worked.outbound] == ["u1", "u2", "u3"]
    [tally] = worked.counts[-1].tallies
    assert (tally.round, tally.sends) == (1, 3)


def test_a_lease_of_another_round_is_void():
    """What was granted before the breaker tripped again buys nothing after."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1), lease(3), breaker(BreakerState.HALF_OPEN, round=2))
    worked.work(warning())
    assert worked.outcome == (Outcome.HELD, Reason.NO_PROBE)
    worked.work(now=T0 + MINUTE, heard=[lease(1, round=2), lease(5, round=1)])
    assert len(worked.outbound) == 1


def test_a_lease_may_come_in_before_its_round():
    """The two topics are read apart."""
    worked = only_push()
    worked.hear(lease(1))
    worked.work(warning(), warning("u2"), heard=[breaker(BreakerState.HALF_OPEN, round=1)])
    assert [message.user_id for message in worked.outbound] == ["u1"]


def test_the_same_word_twice_brings_no_new_probes():
    """Spent probes stay spent when a round's record is read again."""
    worked = only_push()
    worked.work(warning(), heard=[breaker(BreakerState.HALF_OPEN, round=1), lease(1)])
    worked.work(warning("u2"), heard=[breaker(BreakerState.HALF_OPEN, round=1), lease(1)])
    assert [message.user_id for message in worked.outbound] == ["u1"]


def test_a_breaker_behind_another_hold_does_not_lengthen_it():
    """It may close before the cap ends; only where it decides does its pause count."""
    worked = only_push(dispatch=Dispatch(return_cooldown_days=0))
    worked.work(warning(), now=T0)
    worked.work(recovered(), now=T0)
    worked.hear(breaker(BreakerState.OPEN, since=T0 + DAY - MINUTE), now=T0 + DAY - MINUTE)
    worked.work(warning(day=1), now=T0 + DAY - MINUTE)
    assert worked.outcome == (Outcome.HELD, Reason.FREQUENCY_CAP)
    assert worked.decisions[-1].earliest == T0 + DAY


def test_wants_are_told_once():
    """Nothing is repeated while nothing changes, so an idle partition writes nothing."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1))
    worked.work(warning(), now=T0 + MINUTE)
    assert worked.work(now=T0 + 2 * MINUTE) == []


def test_a_later_warning_takes_the_place_of_the_held_one():
    """One held candidate a user: the first is dropped as replaced, with its full trace."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN))
    first, second = warning(), warning(level=Level.CRITICAL)
    worked.work(first)
    worked.work(second)
    assert [(each.warning, each.number, each.reason) for each in worked.decisions] == [
        (first.id, 1, Reason.BREAKER_OPEN),
        (first.id, 2, Reason.REPLACED),
        (second.id, 1, Reason.BREAKER_OPEN),
    ]
    assert worked.partition.waiting == 1


def test_a_return_overtakes_who_is_held():
    """E1: the drop is told at once, and a return in another product changes nothing."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN))
    worked.work(warning())
    worked.work(recovered(product="grocery"))
    assert worked.partition.waiting == 1
    worked.work(recovered())
    assert worked.outcome == (Outcome.DROPPED, Reason.OVERTAKEN)
    assert worked.partition.waiting == 0


def test_who_waits_too_long_expires_on_time():
    """E14: judged at expiry though the hold would have lasted longer."""
    worked = only_push(dispatch=Dispatch(expiry_hours=1))
    worked.work(warning(), now=T0)
    worked.work(recovered(), now=T0)
    worked.contacted["u2"] = T0
    worked.work(warning("u2"), now=T0)
    worked.work(now=T0 + HOUR - MINUTE)
    assert worked.outcome == (Outcome.HELD, Reason.RECENTLY_CONTACTED)
    worked.work(now=T0 + HOUR)
    assert worked.outcome == (Outcome.DROPPED, Reason.EXPIRED)


def test_consent_withdrawn_while_waiting_is_respected():
    """The gate judges what is true when the message would leave."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN))
    worked.work(warning())
    worked.work(feedback("m", FeedbackKind.UNSUBSCRIBED), now=T0 + MINUTE)
    worked.work(now=T0 + 2 * MINUTE, heard=[breaker(BreakerState.CLOSED)])
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)
