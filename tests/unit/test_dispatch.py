"""One user and one partition at a time: what each stage lets through, and what each judgement leaves behind."""

from datetime import timedelta

import pytest

from schemas import topics
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.decision import Call, Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.ids import message_id, recall_id
from schemas.policy import Cap, Caps, ChannelPolicy, Dispatch
from schemas.warning import Level, Stage
from streams.dispatch.gate import STAGES
from streams.dispatch.gate.registry import LOOKS
from streams.packed import StateUnreadable, UnreadableRecord
from tests.dispatching import T0, Stood, Worked, breaker, feedback, lease, policy, profile, recovered, warning

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def worked() -> Worked:
    """A partition that knows user u1, who agrees to everything."""
    worked = Worked(policy())
    worked.work(profile())
    return worked


def outcome(worked: Worked) -> tuple[Outcome, Reason | None]:
    last = worked.decisions[-1]
    return last.outcome, last.reason


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
        "https://shop.example/back",
    )
    assert message.expires == decision.expires == T0 + 72 * HOUR


def test_every_decision_carries_every_stage(worked):
    """A trace has the verdict of all stages, also of those after the one that decided (E15)."""
    worked.work(warning(), now=T0)
    worked.work(warning(level=Level.CRITICAL), now=T0 + HOUR)
    names = {stage.name for stage in STAGES}
    assert [{verdict.stage for verdict in decision.trace} for decision in worked.decisions] == [names, names]
    refused = [verdict.stage for verdict in worked.decisions[-1].trace if verdict.call is not Call.PASS]
    assert refused == ["dedup", "channel_cap"]


def test_no_profile_means_no_consent():
    """E3: whoever is not known is not messaged."""
    worked = Worked(policy())
    worked.work(warning())
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_CONSENT)


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
    assert outcome(worked) == (Outcome.DROPPED, Reason.UNREACHABLE)


def test_a_deleted_profile_takes_consent_with_it(worked):
    """A tombstone is a user we know nothing of."""
    worked.work_raw([(topics.PROFILES, Stood(5, 0, b"u1", None))], T0)
    worked.work(warning())
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_CONSENT)
    assert not worked.table


def test_unsubscribing_outlives_an_older_profile_and_ends_with_a_newer_one(worked):
    """Consent that was exported before the user left comes too late to bring it back."""
    worked.work(feedback("m", FeedbackKind.UNSUBSCRIBED))
    worked.work(profile(consent=[Channel.PUSH], at=T0))
    worked.work(warning())
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_CONSENT)
    worked.work(profile(consent=[Channel.PUSH], at=T0 + MINUTE), now=T0 + HOUR)
    worked.work(warning(day=1), now=T0 + HOUR)
    assert outcome(worked) == (Outcome.SENT, None)


def test_a_profile_from_the_future_does_not_overrule_a_later_unsubscription(worked):
    """A clock that is years ahead cannot hold consent for years."""
    worked.work(profile(at=T0 + 3650 * DAY))
    worked.work(*(feedback("m", FeedbackKind.UNSUBSCRIBED, channel=each) for each in Channel), now=T0)
    worked.work(warning())
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_one_recall_over_levels_products_and_channels(worked):
    """E6: whatever else is noticed while a recall is open, the user is not messaged again."""
    worked.work(warning())
    worked.work(warning(level=Level.CRITICAL), warning(product="grocery", day=3), now=T0 + 10 * DAY)
    assert len(worked.outbound) == 1
    assert [(each.outcome, each.reason) for each in worked.decisions[1:]] == [(Outcome.DROPPED, Reason.DUPLICATE)] * 2


def test_a_later_stage_closes_an_unanswered_recall(worked):
    """Who has lapsed may be recalled once more; an earlier stage of another product may not."""
    worked.work(warning())
    worked.work(warning(stage=Stage.LAPSED), now=T0 + 20 * DAY)
    worked.work(warning(product="grocery"), now=T0 + 40 * DAY)
    assert [message.stage for message in worked.outbound] == [Stage.AT_RISK, Stage.LAPSED]


def test_a_return_closes_the_recall_after_the_cooldown(worked):
    """Neither a new silence nor a later stage is answered before the cool-down has passed."""
    worked.work(warning())
    worked.work(recovered(), now=T0 + DAY)
    worked.work(warning(day=2, stage=Stage.LAPSED), now=T0 + 29 * DAY - MINUTE)
    assert outcome(worked) == (Outcome.DROPPED, Reason.DUPLICATE)
    worked.work(warning(day=3), now=T0 + 29 * DAY)
    assert outcome(worked) == (Outcome.SENT, None)


def test_a_recall_that_was_sent_is_never_sent_again(worked):
    """A return in another product closes the recall, but the first episode has had its message."""
    worked.work(warning())
    worked.work(recovered(product="grocery"), now=T0 + DAY)
    worked.work(warning(level=Level.CRITICAL), now=T0 + 40 * DAY)
    assert outcome(worked) == (Outcome.DROPPED, Reason.DUPLICATE)


def test_a_full_channel_hands_over_and_a_full_total_waits():
    """E9: the hold ends, to the second, when neither the channel's cap nor the total holds any more."""
    worked = Worked(policy(caps=Caps(total=Cap(count=2, hours=48)), dispatch=Dispatch(return_cooldown_days=0)))
    worked.work(profile())
    for day in (0, 1):
        worked.work(warning(day=day), recovered(day=day), now=T0 + HOUR * day)
    worked.work(warning(day=2), now=T0 + 2 * HOUR)
    assert [message.channel for message in worked.outbound] == [Channel.PUSH, Channel.SMS]
    assert outcome(worked) == (Outcome.HELD, Reason.CHANNEL_CAP)
    assert worked.decisions[-1].earliest == T0 + 48 * HOUR
    assert worked.work(now=T0 + 48 * HOUR - MINUTE) == []
    worked.work(now=T0 + 48 * HOUR)
    assert len(worked.outbound) == 3


def test_a_cap_of_none_drops():
    """What the policy never allows is not waited for."""
    none = {Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=1, cap=Cap(count=0))}
    worked = Worked(policy(channels=none))
    worked.work(profile(), warning())
    assert outcome(worked) == (Outcome.DROPPED, Reason.CHANNEL_CAP)


def test_a_large_cap_is_counted_out():
    """More messages are remembered where a cap counts further than usual."""
    many = {Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=1, cap=Cap(count=20, hours=24))}
    free = Dispatch(return_cooldown_days=0)
    worked = Worked(policy(channels=many, caps=Caps(total=Cap(count=30, hours=24)), dispatch=free))
    worked.work(profile())
    for day in range(25):
        worked.work(warning(day=day), recovered(day=day))
    assert len(worked.outbound) == 20


def test_who_was_contacted_by_others_waits(worked):
    """The gap counts from the company's last contact, whichever system made it."""
    worked.contacted["u1"] = T0 - 20 * HOUR
    worked.work(warning())
    assert outcome(worked) == (Outcome.HELD, Reason.RECENTLY_CONTACTED)
    assert worked.decisions[-1].earliest == T0 + 4 * HOUR
    worked.work(now=T0 + 4 * HOUR)
    assert outcome(worked) == (Outcome.SENT, None)


def test_an_unknown_registry_holds_no_longer_than_the_policy_says(worked):
    """Looked at again and again, passed at the end of the hour."""
    worked.board = False
    worked.work(warning())
    for step in range(1, LOOKS):
        worked.work(now=T0 + step * HOUR / LOOKS)
        assert outcome(worked) == (Outcome.HELD, Reason.REGISTRY_UNKNOWN)
    worked.work(now=T0 + HOUR)
    assert outcome(worked) == (Outcome.SENT, None)


def test_a_registry_that_is_back_is_asked_at_the_next_look(worked):
    """An outage of a moment costs a moment."""
    worked.board = False
    worked.work(warning())
    worked.board = True
    worked.work(now=T0 + HOUR / LOOKS)
    assert outcome(worked) == (Outcome.SENT, None)


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
    worked.hear(breaker(BreakerState.OPEN))
    worked.work(warning(), now=T0 + MINUTE)
    assert outcome(worked) == (Outcome.HELD, Reason.BREAKER_OPEN)
    assert worked.decisions[-1].earliest == T0 + 30 * MINUTE
    worked.work(now=T0 + 2 * MINUTE)
    assert len(worked.decisions) == 1
    worked.work(now=T0 + 3 * MINUTE, heard=[breaker(BreakerState.CLOSED)])
    assert outcome(worked) == (Outcome.SENT, None)


def test_half_open_sends_leased_probes_and_no_more():
    """Three are granted, three of five go out, longest waiting first; a probe is counted in its round."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1))
    for n in range(1, 6):
        worked.work(warning(f"u{n}"), now=T0 + n * MINUTE)
    assert {decision.reason for decision in worked.decisions} == {Reason.NO_PROBE}
    assert worked.counts[-1].wants == {Channel.PUSH: 5}
    worked.work(now=T0 + 6 * MINUTE, heard=[lease(3), lease(9, partition=1)])
    assert [message.user_id for message in worked.outbound] == ["u1", "u2", "u3"]
    [tally] = worked.counts[-1].tallies
    assert (tally.round, tally.sends) == (1, 3)


def test_a_lease_of_another_round_is_void():
    """What was granted before the breaker tripped again buys nothing after."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1), lease(3), breaker(BreakerState.HALF_OPEN, round=2))
    worked.work(warning())
    assert outcome(worked) == (Outcome.HELD, Reason.NO_PROBE)
    worked.work(now=T0 + MINUTE, heard=[lease(1, round=2), lease(5, round=1)])
    assert len(worked.outbound) == 1


def test_a_lease_may_come_in_before_its_round():
    """The two topics are read apart."""
    worked = only_push()
    worked.hear(lease(1), breaker(BreakerState.HALF_OPEN, round=1))
    worked.work(warning(), warning("u2"))
    assert [message.user_id for message in worked.outbound] == ["u1"]


def test_wants_are_told_once():
    """Nothing is repeated while nothing changes, so an idle partition writes nothing."""
    worked = only_push()
    worked.hear(breaker(BreakerState.HALF_OPEN, round=1))
    worked.work(warning(), now=T0 + MINUTE)
    assert worked.work(now=T0 + 2 * MINUTE) == []


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


def test_the_board_is_asked_for_what_may_be_needed(worked):
    """A token per channel and candidate, the contact of every user who may be judged; nothing where nobody is."""
    worked.work(profile(at=T0))
    assert worked.asked is None
    worked.work(warning(), recovered("u2"), warning("u3"))
    assert worked.asked is not None
    assert worked.asked.tokens == {Channel.PUSH: 2, Channel.SMS: 2}
    assert worked.asked.users == {"u1", "u2", "u3"}


def test_a_later_warning_takes_the_place_of_the_held_one():
    """One held candidate a user: the first is dropped as replaced, with its full trace."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN))
    first, second = warning(), warning(level=Level.CRITICAL)
    worked.work(first, second)
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
    assert outcome(worked) == (Outcome.DROPPED, Reason.OVERTAKEN)
    assert worked.partition.waiting == 0


def test_who_waits_too_long_expires_on_time():
    """E14: judged at expiry though the hold would have lasted longer."""
    worked = only_push(dispatch=Dispatch(expiry_hours=1))
    worked.work(warning(), now=T0)
    worked.work(recovered(), now=T0)
    worked.contacted["u2"] = T0
    worked.work(warning("u2"), now=T0)
    worked.work(now=T0 + HOUR - MINUTE)
    assert outcome(worked) == (Outcome.HELD, Reason.RECENTLY_CONTACTED)
    worked.work(now=T0 + HOUR)
    assert outcome(worked) == (Outcome.DROPPED, Reason.EXPIRED)


def test_consent_withdrawn_while_waiting_is_respected():
    """The gate judges what is true when the message would leave."""
    worked = only_push()
    worked.hear(breaker(BreakerState.OPEN))
    worked.work(warning())
    worked.work(feedback("m", FeedbackKind.UNSUBSCRIBED), now=T0 + MINUTE)
    worked.work(now=T0 + 2 * MINUTE, heard=[breaker(BreakerState.CLOSED)])
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_a_level_without_playbook_is_dropped(worked):
    """A warning that nobody has written a treatment for."""
    worked.work(warning(level=Level.WATCH))
    assert outcome(worked) == (Outcome.DROPPED, Reason.NO_PLAYBOOK)
    assert worked.decisions[-1].playbook is None


def test_feedback_is_counted_once_whatever_comes(worked):
    """F1: twice the same report, failed and bounced, a report about nothing: one complaint, one failure."""
    worked.work(warning())
    [message] = worked.outbound
    kinds = [FeedbackKind.COMPLAINED, FeedbackKind.COMPLAINED, FeedbackKind.BOUNCED, FeedbackKind.FAILED]
    worked.work(*(feedback(message.id, kind, n=n) for n, kind in enumerate(kinds)), now=T0 + MINUTE)
    worked.work(feedback("unknown", FeedbackKind.COMPLAINED), now=T0 + 2 * MINUTE)
    tallies = [tally for counts in worked.counts for tally in counts.tallies]
    assert [(each.sends, each.complaints, each.failures) for each in tallies] == [(1, 0, 0), (0, 1, 1)]
    assert worked.partition.tally()["feedback.unknown"] == 1


def test_counts_are_told_at_most_once_a_second(worked):
    """What was not told yet waits for the next report."""
    worked.work(warning())
    worked.work(profile("u2"), warning("u2"), now=T0 + timedelta(seconds=0.5))
    assert len(worked.counts) == 1
    worked.work(now=T0 + timedelta(seconds=1))
    assert [counts.number for counts in worked.counts] == [1, 2]
    assert worked.facts[-1].partition == 0


@pytest.mark.parametrize(
    ("topic", "key", "value", "reason"),
    [
        (topics.PROFILES, b"u1", b"\xff", b"not_utf8"),
        (topics.PROFILES, b"u1", b"{", b"not_json"),
        (topics.PROFILES, b"u1", b"[]", b"not_an_object"),
        (topics.PROFILES, b"u1", b"{}", b"missing_field"),
        (topics.PROFILES, None, None, b"empty"),
        (topics.PROFILES, b"u2", b'{"user_id":"u1","time":"2026-01-01T00:00:00Z"}', b"key_mismatch"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"2026-01-01T00:00:00"}', b"bad_time"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"0001-01-01T00:00:00+14:00"}', b"bad_time"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"2026-01-01T00:00:00Z","reachable":["fax"]}', b"wrong_type"),
        (topics.FEEDBACK, b"u1", None, b"empty"),
        (topics.FEEDBACK, b"u1", b" " * 300_000, b"too_large"),
    ],
)
def test_what_others_write_badly_goes_to_the_dead_letters(worked, topic, key, value, reason):
    """A3: original bytes and key, the reason in the headers; the stream goes on."""
    [letter] = worked.work_raw([(topic, Stood(7, 9, key, value, (("x", b"y"),)))], T0)
    assert (letter.topic, letter.key, letter.value) == (topics.DEAD_LETTERS, key, value)
    headers = dict(letter.headers)
    assert (headers["churn-dlt-reason"], headers["churn-dlt-offset"], headers["x"]) == (reason, b"7", b"y")
    kind = topic.removeprefix("user.").removeprefix("churn.").removesuffix("s")
    told = worked.partition.tally()
    assert (told[f"{kind}.rejected"], told[f"reject.{reason.decode()}"]) == (1, 1)


def test_our_own_record_that_cannot_be_read_stops_the_partition(worked):
    """Going on would lose a warning without a word."""
    with pytest.raises(UnreadableRecord, match="offset 4 is unreadable"):
        worked.work_raw([(topics.WARNINGS, Stood(4, 0, b"u1", b"{}"))], T0)


def test_a_book_that_cannot_be_read_stops_the_partition(worked):
    """An unreadable book is not an empty one: the user would be messaged again."""
    worked.table[b"u1"] = b"\x01\xc1"
    with pytest.raises(StateUnreadable, match="u1"):
        worked.restart()


def test_tally_is_reset_on_call(worked):
    """Each outcome is handed over once."""
    worked.work(warning())
    assert worked.partition.tally() == {"profile.applied": 1, "decision.sent": 1, "outbound.push": 1}
    assert worked.partition.tally() == {}
