"""What a dispatcher partition asks, counts and refuses."""

from datetime import timedelta
from typing import Any

import pytest

from schemas import topics
from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.lease import budget
from schemas.policy import Budgets, Playbook
from streams.codec import StateUnreadable, UnreadableRecord
from streams.dispatch.book import BOOKS
from streams.dispatch.copy.writer import Copywriter, Written
from streams.dispatch.known import Worth
from tests.dispatching import T0, Stood, Worked, feedback, leased, policy, profile, recovered, warning

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def test_without_a_tick_nobody_is_looked_at_again(worked):
    """A hold that has ended is seen by the next tick."""
    worked.contacted["u1"] = T0
    worked.work(warning())
    assert worked.work(now=T0 + DAY, tick=False) == []
    worked.work(now=T0 + DAY)
    assert worked.outcome == (Outcome.SENT, None)


def test_the_board_is_asked_about_those_who_are_judged_and_nobody_else(worked):
    """A token per channel and candidate, and their contacts; nothing where nobody is judged."""
    worked.work(profile(at=T0))
    assert worked.asked is None
    worked.work(warning(), recovered("u2"), warning("u3"))
    assert worked.asked is not None
    assert worked.asked.tokens == {Channel.PUSH: 2, Channel.SMS: 2}
    assert worked.asked.users == {"u1", "u3"}


def test_a_message_is_put_into_words_once_a_judgement(monkeypatch):
    """Copy, budget and what waits for a lease ask for the text; another judgement may find another language."""
    wrote: list[Channel] = []
    write = Copywriter.write

    def counted(writer: Copywriter, playbook: Playbook, channel: Channel, *rest: Any) -> Written:
        wrote.append(channel)
        return write(writer, playbook, channel, *rest)

    monkeypatch.setattr(Copywriter, "write", counted)
    worked = Worked(policy(budgets=Budgets(day=1.0)))
    worked.work(profile(reachable=(Channel.SMS,)), warning())
    assert worked.outcome == (Outcome.HELD, Reason.BUDGET)
    assert wrote == [Channel.PUSH, Channel.SMS]
    worked.hear(leased(budget(), 10**6))
    assert worked.outcome == (Outcome.SENT, None)
    assert wrote == [Channel.PUSH, Channel.SMS] * 2


def test_what_a_user_is_worth_is_kept_as_his_newest_profile_has_it(worked):
    """A5: value, tier and coupons outlast a restart; a profile that says nothing of them leaves nothing."""
    worth = {"tier": "gold", "region": "Jiangsu", "city_tier": 2, "total_spend": 1280.5, "lifetime_value": 4000.0}
    coupons = {"acquisition_cost": 31.0, "coupons_issued": 5, "coupons_redeemed": 2}
    worked.work(profile(**worth, **coupons))
    worked.restart()
    worked.work(warning())
    kept = BOOKS.unpack(b"u1", worked.table[b"u1"]).profile
    assert kept is not None
    assert kept.worth == Worth(**worth, **coupons)
    worked.work(profile(at=T0))
    newest = BOOKS.unpack(b"u1", worked.table[b"u1"]).profile
    assert newest is not None
    assert newest.worth is None


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
        (topics.PROFILES, b"u1", b"{}", b"missing_user"),
        (topics.PROFILES, None, None, b"empty"),
        (topics.PROFILES, b"u2", b'{"user_id":"u1","time":"2026-01-01T00:00:00Z"}', b"key_mismatch"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"2026-01-01T00:00:00"}', b"naive_time"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"0001-01-01T00:00:00+14:00"}', b"absurd_time"),
        (topics.PROFILES, b"u1", b'{"user_id":"u1","time":"2026-01-01T00:00:00Z","reachable":["fax"]}', b"wrong_type"),
        (topics.FEEDBACK, b"u1", None, b"empty"),
        pytest.param(topics.FEEDBACK, b"u1", b" " * 300_000, b"too_large", id="too-large"),
    ],
)
def test_what_others_write_badly_goes_to_the_dead_letters(worked, topic, key, value, reason):
    """A3: original bytes and key, the reason in the headers; the stream goes on."""
    [letter] = worked.work_raw([(topic, Stood(7, 9, key, value, (("x", b"y"),)))], T0)
    assert (letter.topic, letter.key, letter.value) == (topics.DEAD_LETTERS, key, value and value[: len(letter.value)])
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
