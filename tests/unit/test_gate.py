"""What each stage of the gate lets through, holds and drops."""

from datetime import timedelta

import pytest

from schemas import topics
from schemas.channel import Channel
from schemas.decision import Call, Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.ids import message_id, recall_id
from schemas.policy import Cap, ChannelPolicy, Dispatch
from schemas.warning import Level, Stage
from streams.dispatch.gate import STAGES
from streams.dispatch.gate.registry import LOOKS
from tests.dispatching import BACK, T0, Stood, Worked, feedback, policy, profile, recovered, warning

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
DAY_CAP = Cap(name="day", per_channel=True, count=1, hours=24)


def test_a_warned_user_is_messaged_on_the_first_channel(worked):
    """Decision and message leave together, and each names the other."""
    risk = warning()
    worked.work(risk)
    [message], [decision] = worked.outbound, worked.decisions
    assert (decision.outcome, decision.channel, decision.message) == (Outcome.SENT, Channel.PUSH, message.id)
    assert message.recall == decision.recall == recall_id("u1", risk.episode, Stage.AT_RISK)
    assert message.id == message_id(message.recall, 1)
    assert (message.template, message.parameters, message.link) == (
        "miss-you",
        {"offer": "none"},
        BACK,
    )
    assert message.expires == decision.expires == T0 + 72 * HOUR


def test_every_decision_carries_every_stage(worked):
    """A trace has the verdict of all stages, also of those after the one that decided (E15)."""
    worked.work(warning(), now=T0)
    worked.work(warning(level=Level.CRITICAL), now=T0 + HOUR)
    names = {stage.name for stage in STAGES}
    assert [{verdict.stage for verdict in decision.trace} for decision in worked.decisions] == [names, names]
    refused = [verdict.stage for verdict in worked.decisions[-1].trace if verdict.call is not Call.PASS]
    assert refused == ["dedup", "caps"]


def test_no_profile_means_no_consent():
    """E3: whoever is not known is not messaged."""
    worked = Worked(policy())
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_a_channel_without_consent_hands_over_to_the_next(worked):
    """E13: the next channel passes its own stages."""
    worked.work(profile(consent=[Channel.SMS]))
    worked.work(warning())
    assert [message.channel for message in worked.outbound] == [Channel.SMS]


def test_an_unreachable_channel_hands_over_to_the_next(worked):
    """E4: no push to a removed app."""
    worked.work(profile(reachable=[Channel.SMS]))
    worked.work(warning())
    assert [message.channel for message in worked.outbound] == [Channel.SMS]


def test_nobody_is_messaged_where_no_channel_reaches_him(worked):
    """E4: unreachable everywhere is a drop."""
    worked.work(profile(reachable=[]))
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.UNREACHABLE)


def test_a_deleted_profile_takes_consent_with_it(worked):
    """A tombstone is a user we know nothing of."""
    worked.work_raw([(topics.PROFILES, Stood(5, 0, b"u1", None))], T0)
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)
    assert not worked.table


def test_unsubscribing_outlives_an_older_profile_and_ends_with_a_newer_one(worked):
    """Consent that was exported before the user left comes too late to bring it back."""
    worked.work(feedback("m", FeedbackKind.UNSUBSCRIBED))
    worked.work(profile(consent=[Channel.PUSH], at=T0))
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)
    worked.work(profile(consent=[Channel.PUSH], at=T0 + MINUTE), now=T0 + HOUR)
    worked.work(warning(day=1), now=T0 + HOUR)
    assert worked.outcome == (Outcome.SENT, None)


def test_a_profile_from_the_future_does_not_overrule_a_later_unsubscription(worked):
    """A clock that is years ahead cannot hold consent for years."""
    worked.work(profile(at=T0 + 3650 * DAY))
    worked.work(*(feedback("m", FeedbackKind.UNSUBSCRIBED, channel=each) for each in Channel), now=T0)
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_one_recall_over_levels_products_and_channels(worked):
    """E6: whatever else is noticed while a recall is open, the user is not messaged again."""
    worked.work(warning())
    for other in (warning(level=Level.CRITICAL), warning(product="grocery", day=3)):
        worked.work(other, now=T0 + 10 * DAY)
    assert len(worked.outbound) == 1
    assert [(each.outcome, each.reason) for each in worked.decisions[1:]] == [(Outcome.DROPPED, Reason.DUPLICATE)] * 2


def test_a_later_stage_closes_an_unanswered_recall(worked):
    """Who has lapsed may be recalled once more; an earlier stage of another product may not."""
    worked.work(warning())
    worked.work(warning(stage=Stage.LAPSED), now=T0 + 20 * DAY)
    worked.work(warning(product="grocery"), now=T0 + 40 * DAY)
    assert [message.stage for message in worked.outbound] == [Stage.AT_RISK, Stage.LAPSED]


@pytest.mark.parametrize(
    ("first", "second", "reopens"),
    [
        (Stage.HEALTHY, Stage.AT_RISK, True),
        (Stage.RETURNED, Stage.AT_RISK, False),
        (Stage.AT_RISK, Stage.RETURNED, False),
        (Stage.RETURNED, Stage.RELAPSED, True),
        (Stage.RELAPSED, Stage.AT_RISK, False),
        (Stage.LAPSED, Stage.RELAPSED, False),
        (Stage.RELAPSED, Stage.LAPSED, False),
        (Stage.LAPSED, Stage.DORMANT, True),
        (Stage.RELAPSED, Stage.DORMANT, True),
        (Stage.DORMANT, Stage.LONG_DORMANT, True),
        (Stage.LONG_DORMANT, Stage.DORMANT, False),
    ],
)
def test_only_a_later_stage_closes_an_unanswered_recall(worked, first, second, reopens):
    """Returned is no later than at risk, nor relapsed than lapsed; the dormant are recalled once more."""
    worked.work(warning(stage=first))
    worked.work(warning(day=1, stage=second, level=Level.CRITICAL), now=T0 + 40 * DAY)
    assert len(worked.outbound) == 1 + reopens


def test_neither_a_hold_nor_a_drop_opens_a_recall(worked):
    """Dropped for want of consent, then held by a gap: what leaves in the end is the recall's first message."""
    worked.work(profile(consent=[], at=T0))
    worked.work(warning())
    worked.work(profile(at=T0 + MINUTE), now=T0 + HOUR)
    worked.contacted["u1"] = T0
    worked.work(warning(level=Level.CRITICAL), now=T0 + HOUR)
    assert [each.outcome for each in worked.decisions] == [Outcome.DROPPED, Outcome.HELD]
    worked.work(now=T0 + DAY)
    [message] = worked.outbound
    assert message.id == message_id(recall_id("u1", message.episode, Stage.AT_RISK), 1)


def test_a_return_closes_the_recall_after_the_cooldown(worked):
    """Neither a new silence nor a later stage is answered before the cool-down has passed."""
    worked.work(warning())
    worked.work(recovered(), now=T0 + DAY)
    worked.work(warning(day=2, stage=Stage.LAPSED), now=T0 + 29 * DAY - MINUTE)
    assert worked.outcome == (Outcome.DROPPED, Reason.DUPLICATE)
    worked.work(warning(day=3), now=T0 + 29 * DAY)
    assert worked.outcome == (Outcome.SENT, None)


def test_a_second_return_does_not_lengthen_the_cooldown(worked):
    """It counts from the return that answered the recall."""
    worked.work(warning())
    worked.work(recovered(), now=T0 + DAY)
    worked.work(recovered(product="grocery"), now=T0 + 20 * DAY)
    worked.work(warning(day=3), now=T0 + 29 * DAY)
    assert worked.outcome == (Outcome.SENT, None)


def test_a_recall_that_was_sent_is_never_sent_again(worked):
    """A return in another product closes the recall, but the first episode has had its message."""
    worked.work(warning())
    worked.work(recovered(product="grocery"), now=T0 + DAY)
    worked.work(warning(level=Level.CRITICAL), now=T0 + 40 * DAY)
    assert worked.outcome == (Outcome.DROPPED, Reason.DUPLICATE)


def test_a_full_channel_is_waited_for_and_so_is_a_full_total():
    """E9, E14: another channel would disturb as much; the hold ends, to the second, when neither cap holds any more."""
    worked = Worked(
        policy(caps=(DAY_CAP, Cap(name="two", count=2, hours=48)), dispatch=Dispatch(return_cooldown_days=0))
    )
    worked.work(profile())
    worked.work(warning(), now=T0)
    worked.work(recovered(), now=T0)
    worked.work(warning(day=1), now=T0 + HOUR)
    assert worked.outcome == (Outcome.HELD, Reason.FREQUENCY_CAP)
    worked.work(now=T0 + 24 * HOUR)
    worked.work(recovered(day=1), warning(day=2), now=T0 + 47 * HOUR)
    assert [message.channel for message in worked.outbound] == [Channel.PUSH, Channel.PUSH]
    assert worked.outcome == (Outcome.HELD, Reason.FREQUENCY_CAP)
    assert worked.decisions[-1].earliest == T0 + 48 * HOUR
    assert worked.work(now=T0 + 48 * HOUR - MINUTE) == []
    worked.work(now=T0 + 48 * HOUR)
    assert len(worked.outbound) == 3


def test_a_channel_that_is_full_beyond_expiry_hands_over():
    """E13: what could only be waited for too long is a refusal, told at once."""
    week = Cap(name="week", channels=(Channel.PUSH,), count=1, hours=168)
    worked = Worked(policy(caps=(week,), dispatch=Dispatch(return_cooldown_days=0, registry_gap_hours=0)))
    worked.work(profile())
    worked.work(warning(), now=T0)
    worked.work(recovered(), now=T0)
    worked.work(warning(day=1), now=T0 + HOUR)
    assert [message.channel for message in worked.outbound] == [Channel.PUSH, Channel.SMS]


def test_a_cap_of_none_drops():
    """What the policy never allows is not waited for."""
    push = {Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=1)}
    worked = Worked(policy(channels=push, caps=(Cap(name="none", count=0),)))
    worked.work(profile(), warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.FREQUENCY_CAP)


def test_a_large_cap_is_counted_out():
    """More messages are remembered where a cap counts further than usual."""
    push = {Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=1)}
    caps = (Cap(name="many", per_channel=True, count=20, hours=24), Cap(name="more", count=30, hours=24))
    free = Dispatch(return_cooldown_days=0)
    worked = Worked(policy(channels=push, caps=caps, dispatch=free))
    worked.work(profile())
    for day in range(25):
        worked.work(warning(day=day))
        worked.work(recovered(day=day))
    assert len(worked.outbound) == 20


def test_who_was_contacted_by_others_waits(worked):
    """The gap counts from the company's last contact, whichever system made it."""
    worked.contacted["u1"] = T0 - 20 * HOUR
    worked.work(warning())
    assert worked.outcome == (Outcome.HELD, Reason.RECENTLY_CONTACTED)
    assert worked.decisions[-1].earliest == T0 + 4 * HOUR
    worked.work(now=T0 + 4 * HOUR)
    assert worked.outcome == (Outcome.SENT, None)


def test_an_unknown_registry_holds_no_longer_than_the_policy_says(worked):
    """Looked at again and again, passed at the end of the hour."""
    worked.board = False
    worked.work(warning())
    for step in range(1, LOOKS):
        worked.work(now=T0 + step * HOUR / LOOKS)
        assert worked.outcome == (Outcome.HELD, Reason.REGISTRY_UNKNOWN)
    worked.work(now=T0 + HOUR)
    assert worked.outcome == (Outcome.SENT, None)


def test_a_registry_that_is_back_is_asked_at_the_next_look(worked):
    """An outage of a moment costs a moment."""
    worked.board = False
    worked.work(warning())
    worked.board = True
    worked.work(now=T0 + HOUR / LOOKS)
    assert worked.outcome == (Outcome.SENT, None)


def test_a_level_without_playbook_is_dropped(worked):
    """A warning that nobody has written a treatment for."""
    worked.work(warning(level=Level.WATCH))
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_PLAYBOOK)
    assert worked.decisions[-1].playbook is None


def test_a_line_at_the_provider_is_no_refusal(worked):
    """Without a token the candidate waits its turn: the dearer channel is not taken for a second's sake."""
    worked.tokens[Channel.PUSH] = 0
    worked.work(profile("u2"))
    worked.work(warning(), warning("u2"))
    assert [decision.reason for decision in worked.decisions] == [Reason.PROVIDER_RATE] * 2
    assert [decision.earliest for decision in worked.decisions] == [
        T0 + timedelta(seconds=0.01),
        T0 + timedelta(seconds=0.02),
    ]


def test_each_look_at_a_line_waits_longer(worked):
    """The rate is shared with partitions that cannot be seen: the n-th look is n times as long after the last."""
    worked.tokens[Channel.PUSH] = 0
    worked.work(warning())
    for _ in range(3):
        worked.work(now=worked.decisions[-1].earliest)
    waits = [(each.earliest - each.at) / worked.decisions[0].at.resolution for each in worked.decisions]
    assert waits == [10_000, 20_000, 30_000, 40_000]
