"""A recall after a failure: who goes on, on which channel, and what keeps him from it (E13, F1)."""

from datetime import timedelta

import pytest

from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.ids import message_id
from schemas.policy import Dispatch
from schemas.warning import Level, Stage
from tests.dispatching import T0, Worked, feedback, policy, profile, recovered, warning

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PUSH, SMS = Channel.PUSH, Channel.SMS
FAILED, BOUNCED, DELIVERED = FeedbackKind.FAILED, FeedbackKind.BOUNCED, FeedbackKind.DELIVERED


def reports(worked: Worked, *kinds: FeedbackKind, number: int = 1, channel: Channel = PUSH) -> None:
    """What is reported of the first message, or another, a minute after T0."""
    recall = worked.outbound[0].recall
    for n, kind in enumerate(kinds):
        worked.work(feedback(message_id(recall, number), kind, channel=channel, n=n), now=T0 + MINUTE)


@pytest.mark.parametrize("kind", [FAILED, BOUNCED])
def test_a_failed_message_is_followed_by_one_on_the_next_channel(worked, kind):
    """At once, as number 2 of its recall, for the same warning; its own message before does not hold it back."""
    worked.work(warning())
    worked.contacted["u1"] = T0  # as the registry has it: our message that failed
    reports(worked, kind)
    first, second = worked.outbound
    assert [(each.channel, each.number) for each in (first, second)] == [(PUSH, 1), (SMS, 2)]
    assert second.id == message_id(first.recall, 2)
    assert (second.recall, second.warning, second.expires) == (first.recall, first.warning, first.expires)
    assert [each.number for each in worked.decisions] == [1, 2]


def test_a_contact_after_the_failed_message_counts(worked):
    """Somebody else of the company has written since."""
    worked.work(warning())
    worked.contacted["u1"] = T0 + timedelta(seconds=1)
    reports(worked, FAILED)
    assert worked.outcome == (Outcome.HELD, Reason.RECENTLY_CONTACTED)


@pytest.mark.parametrize(
    "kinds",
    [(FAILED, FAILED), (FAILED, BOUNCED), (FAILED, DELIVERED), (FAILED, DELIVERED, BOUNCED), (BOUNCED, FAILED, FAILED)],
)
def test_a_failure_is_answered_once(worked, kinds):
    """Doubled, told in two ways, or taken back too late: one more message."""
    worked.work(warning())
    reports(worked, *kinds)
    assert [each.channel for each in worked.outbound] == [PUSH, SMS]


def test_a_failure_that_is_taken_back_before_anybody_is_judged_is_none(worked):
    """All that was reported is absorbed first."""
    worked.work(warning())
    recall = worked.outbound[0].recall
    told = [feedback(message_id(recall, 1), kind, n=n) for n, kind in enumerate((FAILED, DELIVERED))]
    worked.work(*told, now=T0 + MINUTE)
    assert [each.channel for each in worked.outbound] == [PUSH]
    assert worked.outcome == (Outcome.DROPPED, Reason.DUPLICATE)


@pytest.mark.parametrize("kind", [DELIVERED, FeedbackKind.OPENED, FeedbackKind.CLICKED, FeedbackKind.COMPLAINED])
def test_whoever_has_got_the_message_gets_no_other(worked, kind):
    """What arrived and failed has arrived, whichever was told first, as long as nothing went out in between."""
    worked.work(warning())
    reports(worked, kind, FAILED)
    assert len(worked.decisions) == 1
    other = Worked(policy())
    other.work(profile(), warning())
    other.tokens[SMS] = 0
    reports(other, FAILED, kind)
    assert other.outcome == (Outcome.HELD, Reason.PROVIDER_RATE)
    other.tokens[SMS] = 9
    other.work(now=T0 + HOUR)
    assert other.outcome == (Outcome.DROPPED, Reason.DUPLICATE)


@pytest.mark.parametrize("kind", [FeedbackKind.ACCEPTED])
def test_acceptance_is_no_arrival(worked, kind):
    worked.work(warning())
    reports(worked, kind, FAILED)
    assert len(worked.outbound) == 2


def test_missing_feedback_and_expiry_are_no_failure(worked):
    """A message that nothing is heard of is in flight for ever."""
    worked.work(warning())
    worked.work(warning(level=Level.CRITICAL), now=T0 + 100 * HOUR)
    assert worked.outcome == (Outcome.DROPPED, Reason.DUPLICATE)


def test_the_next_channel_passes_its_own_stages(worked):
    """Without consent for it there is no second message, and the decision says so."""
    worked.work(profile(consent=[PUSH], at=T0), now=T0)
    worked.work(warning())
    reports(worked, FAILED)
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_after_the_last_channel_there_is_none(worked):
    """Told, so that nobody wonders."""
    worked.work(warning())
    reports(worked, FAILED)
    reports(worked, FAILED, number=2, channel=SMS)
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CHANNEL_LEFT)
    refusing = next(each for each in worked.decisions[-1].trace if each.reason)
    assert refusing.detail == "failed on push, sms"


def test_a_failure_after_expiry_is_told_and_not_answered(worked):
    """Expiry counts from the first judgement, over all channels."""
    worked.work(warning())
    worked.work(feedback(worked.outbound[0].id, FAILED), now=T0 + 72 * HOUR)
    assert worked.outcome == (Outcome.DROPPED, Reason.EXPIRED)


def test_who_has_come_back_is_not_called_back(worked):
    """Neither with his return in this product nor in another: the recall is answered."""
    worked.work(warning())
    worked.work(recovered(product="grocery"))
    reports(worked, FAILED)
    assert len(worked.decisions) == 1


def test_a_failure_of_an_earlier_stage_is_not_answered_in_a_later(worked):
    """The later recall has its own message in flight."""
    worked.work(warning())
    worked.work(warning(stage=Stage.LAPSED, day=1), now=T0 + 30 * HOUR)
    worked.work(feedback(worked.outbound[0].id, FAILED), now=T0 + 31 * HOUR)
    assert [each.stage for each in worked.outbound] == [Stage.AT_RISK, Stage.LAPSED]


def test_a_later_warning_of_the_same_recall_goes_on_where_the_first_has_failed(worked):
    """Dropped for want of consent, the failed message is made good by the next level once there is consent."""
    worked.work(profile(consent=[PUSH], at=T0), now=T0)
    worked.work(warning())
    reports(worked, FAILED)
    worked.work(profile(at=T0 + 2 * MINUTE), now=T0 + 2 * MINUTE)
    worked.work(warning(level=Level.CRITICAL), now=T0 + HOUR)
    assert [(each.channel, each.number) for each in worked.outbound] == [(PUSH, 1), (SMS, 2)]
    assert len({each.recall for each in worked.outbound}) == 1


def test_a_waiting_later_warning_takes_the_place_of_the_failed_one():
    """One held candidate a user: who waits already stays, and the other is told that he was replaced."""
    worked = Worked(policy(dispatch=Dispatch(registry_gap_hours=24)))
    worked.work(profile(), warning())
    worked.contacted["u1"] = T0 + timedelta(seconds=1)
    worked.work(warning(stage=Stage.LAPSED, day=1), now=T0 + timedelta(seconds=30))
    reports(worked, FAILED)
    assert worked.outcome == (Outcome.DROPPED, Reason.REPLACED)
    assert worked.partition.waiting == 1
    worked.work(now=T0 + 25 * HOUR)
    assert [each.stage for each in worked.outbound] == [Stage.AT_RISK, Stage.LAPSED]


def test_a_report_about_another_channel_or_another_users_message_changes_nothing(worked):
    """It is counted; nothing follows from it."""
    worked.work(profile("u2"), warning())
    [message] = worked.outbound
    worked.work(feedback(message.id, FAILED, channel=SMS), feedback(message.id, FAILED, user="u2"), now=T0 + MINUTE)
    told = worked.partition.tally()
    assert (told["feedback.mismatched"], told["feedback.unknown"]) == (1, 1)
    assert len(worked.decisions) == 1
    assert all(not tally.failures for counts in worked.counts for tally in counts.tallies)


def test_a_failure_survives_a_restart(worked):
    """The recall, its candidate and its channels stand in the book."""
    worked.work(warning())
    worked.restart()
    reports(worked, FAILED)
    assert [each.number for each in worked.outbound] == [1, 2]
