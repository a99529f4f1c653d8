"""What others write is bounded where it enters: what nothing could hold later is refused, and refusing is safe."""

import json
from typing import Any

import pytest

from schemas import topics
from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.feedback import FeedbackKind
from schemas.reject import OBEYED, DeadLetterHeader
from streams.dispatch.book import BOOKS
from streams.role import Fact
from tests.dispatching import T0, Stood, Worked, feedback, policy, profile, warning

NOW = T0.isoformat()
BEYOND, BEFORE = "9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00+14:00"


def worked() -> Worked:
    """A user with consent to push and SMS."""
    opened = Worked(policy())
    opened.work(profile())
    opened.partition.tally()
    return opened


def write(partition: Worked, topic: str, body: dict[str, Any], user: str = "u1") -> list[Fact]:
    """A profile or report of the user, as JSON."""
    value = json.dumps({"user_id": user, "time": NOW} | body).encode()
    return partition.work_raw([(topic, Stood(9, 0, user.encode(), value))], T0)


def letter(facts: list[Fact]) -> tuple[str, str | None]:
    """The reason of the only dead letter, and what was obeyed of its record."""
    [made] = [fact for fact in facts if fact.topic == topics.DEAD_LETTERS]
    headers = dict(made.headers)
    obeyed = headers.get(OBEYED)
    return headers[DeadLetterHeader.REASON].decode(), obeyed and obeyed.decode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"silent_until": BEYOND}, "absurd_time"),
        ({"silent_until": BEFORE}, "absurd_time"),
        ({"time": BEYOND}, "absurd_time"),
        ({"coupons_issued": 10**30}, "wrong_type"),
        ({"coupons_redeemed": -(2**64)}, "wrong_type"),
        ({"city_tier": 2**63}, "wrong_type"),
        ({"total_spend": float("nan")}, "wrong_type"),
        ({"lifetime_value": float("inf")}, "wrong_type"),
        ({"acquisition_cost": float("-inf")}, "wrong_type"),
        ({"region": "x" * 65}, "wrong_type"),
    ],
)
def test_a_profile_that_nothing_could_hold_is_refused_and_the_partition_goes_on(body, reason) -> None:
    """Each of these stopped the partition when the state was written, or was compared with numbers later."""
    partition = worked()
    facts = write(partition, topics.PROFILES, body)
    assert letter(facts)[0] == reason
    partition.work(profile("u2"), warning("u2"))
    assert [each.user_id for each in partition.outbound] == ["u2"]


@pytest.mark.parametrize("spelled", [False, "false", "no", 0, "off"])
def test_of_a_refused_profile_every_withdrawal_is_obeyed(spelled) -> None:
    """In every spelling that a good profile may use; the other channel keeps its consent."""
    partition = worked()
    facts = write(partition, topics.PROFILES, {"consent": {"push": spelled, "fax": False}, "coupons_issued": 10**30})
    assert letter(facts) == ("wrong_type", "consent.push=false")
    assert partition.partition.tally() == {"profile.obeyed_in_part": 1, "reject.wrong_type": 1}
    partition.work(warning())
    assert [each.channel for each in partition.outbound] == [Channel.SMS]


def test_a_withdrawal_is_obeyed_over_an_older_opt_in_and_ends_with_a_newer_profile() -> None:
    partition = worked()
    write(partition, topics.PROFILES, {"consent": {"push": False, "sms": False}, "time": "yesterday"})
    partition.work(warning())
    assert partition.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)
    later = T0.replace(hour=T0.hour + 1)
    partition.work(profile(at=later), now=later)
    partition.work(warning(day=1), now=later)
    assert partition.outcome == (Outcome.SENT, None)


def test_a_silence_beyond_the_calendar_lasts_as_long_as_the_calendar() -> None:
    """The user wants no message of any kind: the record is refused, and they get none."""
    partition = worked()
    assert letter(write(partition, topics.PROFILES, {"silent_until": BEYOND})) == (
        "absurd_time",
        "silent_until=9999-12-31T23:59:59.999999+00:00",
    )
    partition.work(warning())
    assert partition.outcome == (Outcome.DROPPED, Reason.SILENCED)


def test_nothing_is_obeyed_of_a_record_about_another_user_or_of_no_json() -> None:
    """Whose withdrawal it is must be certain."""
    for value in (
        b'{"user_id":"u2","consent":{"push":false},"coupons_issued":1e40}',
        b'{"user_id":"u1","consent":{"push":fal',
    ):
        partition = worked()
        facts = partition.work_raw([(topics.PROFILES, Stood(9, 0, b"u1", value))], T0)
        assert letter(facts)[1] is None
        partition.work(warning())
        assert [each.channel for each in partition.outbound] == [Channel.PUSH]


def test_a_withdrawal_of_an_unknown_user_leaves_only_the_no() -> None:
    """Without a profile there is no consent to keep; a profile of an earlier time does not bring it back."""
    partition = Worked(policy())
    write(partition, topics.PROFILES, {"consent": {"push": False}, "coupons_issued": 10**30})
    partition.work(profile(consent=[Channel.PUSH], at=T0), warning())
    assert partition.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


@pytest.mark.parametrize(
    ("body", "obeyed", "sent"),
    [
        ({"kind": "unsubscribed", "channel": "push", "time": BEFORE}, "consent.push=false", [Channel.SMS]),
        ({"kind": "unsubscribed", "channel": "push", "id": ""}, "consent.push=false", [Channel.SMS]),
        ({"kind": "unsubscribed", "channel": "fax"}, None, [Channel.PUSH]),
        ({"kind": "complained", "channel": "push", "time": "yesterday"}, "complained", []),
        ({"kind": "delivered", "channel": "push", "time": BEYOND}, None, [Channel.PUSH]),
    ],
)
def test_of_a_refused_report_an_unsubscription_and_a_complaint_are_obeyed(body, obeyed, sent) -> None:
    partition = worked()
    facts = write(partition, topics.FEEDBACK, {"id": "f", "message": "m"} | body)
    assert letter(facts)[1] == obeyed
    outcome = "feedback.obeyed_in_part" if obeyed else "feedback.rejected"
    assert partition.partition.tally()[outcome] == 1
    partition.work(warning())
    assert [each.channel for each in partition.outbound] == sent


def test_a_key_that_is_the_programs_own_is_refused() -> None:
    """A deletion has nothing but its key; the partition's own record stands under such a key."""
    partition = worked()
    for value in (None, b'{"user_id":"\\u0000partition","time":"2026-01-01T00:00:00Z"}'):
        facts = partition.work_raw([(topics.PROFILES, Stood(9, 0, b"\0partition", value))], T0)
        assert letter(facts)[0] == "wrong_type"
    assert list(partition.table) == [b"u1"]


def test_channels_are_kept_once_however_often_a_profile_names_them() -> None:
    """A list of a hundred thousand would make a record that Kafka does not take."""
    partition = worked()
    write(partition, topics.PROFILES, {"reachable": ["push", "sms"] * 10_000, "consent": {"push": True}})
    book = BOOKS.unpack("u1", partition.table[b"u1"])
    assert book.profile is not None
    assert book.profile.reachable == (Channel.PUSH, Channel.SMS)


def test_a_good_report_is_refused_for_nothing() -> None:
    """The bounds leave good records alone."""
    partition = worked()
    partition.work(warning())
    partition.work(feedback(partition.outbound[0].id, FeedbackKind.DELIVERED))
    assert partition.partition.tally()["feedback.applied"] == 1
