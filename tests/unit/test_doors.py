"""What others write is bounded where it comes in: it is taken or refused, and a no in it is obeyed."""

import json
from datetime import timedelta

import pytest

from schemas import topics
from schemas.base import Headers
from schemas.channel import Channel
from schemas.feedback import Feedback
from schemas.profile import Profile
from schemas.reject import OBEYED, REQUEUED, RejectReason, refusal_of, requeued_headers
from streams.dispatch import open_dispatch
from streams.dispatch.book import BOOKS, Book
from streams.dispatch.incoming import FOREVER, NOTHING, Obeyed, Refused, read
from streams.partitioner import Placement
from streams.role import Fact
from tests.dispatching import T0, Stood, Worked, policy, profile, warning

END = "9999-12-31T23:59:59-08:00"
"""The last second of the calendar, in a zone west of UTC: no such moment can be written in UTC."""
BEGIN = "0001-01-01T00:00:00+14:00"
HUGE = 10**30
MAX_BYTES = 262_144
SECOND = timedelta(seconds=1)


def profile_record(value: str | bytes, key: bytes = b"u1") -> tuple[str, Stood]:
    return topics.PROFILES, Stood(1, 0, key, value if isinstance(value, bytes) else value.encode())


def withdrawn(more: str) -> str:
    """A profile that takes push back, and says more."""
    return f'{{"user_id":"u1","time":"{T0.isoformat()}","consent":{{"push":false,"sms":true}},{more}}}'


def report(**given: object) -> tuple[str, Stood]:
    said = {"id": "f1", "message": "m1", "user_id": "u1", "channel": "push", "time": T0.isoformat()} | given
    return topics.FEEDBACK, Stood(1, 0, b"u1", json.dumps(said).encode())


def book(worked: Worked, user: str = "u1") -> Book:
    worked.restart()
    return BOOKS.unpack(user, worked.table[user.encode()])


def letters(facts: list[Fact]) -> list[tuple[str, str | None]]:
    """The reason of each dead letter, and what of it was obeyed."""
    found = []
    for fact in facts:
        if fact.topic == topics.DEAD_LETTERS:
            refusal, said = refusal_of(fact.headers), dict(fact.headers).get(OBEYED)
            assert refusal is not None
            found.append((refusal.reason, said and said.decode()))
    return found


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (f'"silent_until":"{END}"', RejectReason.ABSURD_TIME),
        (f'"silent_until":"{BEGIN}"', RejectReason.ABSURD_TIME),
        (f'"time":"{END}"', RejectReason.ABSURD_TIME),
        (f'"coupons_issued":{HUGE}', RejectReason.WRONG_TYPE),
        (f'"coupons_redeemed":-{HUGE}', RejectReason.WRONG_TYPE),
        (f'"city_tier":{2**64}', RejectReason.WRONG_TYPE),
        ('"total_spend":NaN', RejectReason.WRONG_TYPE),
        ('"lifetime_value":1e400', RejectReason.WRONG_TYPE),
        ('"acquisition_cost":-Infinity', RejectReason.WRONG_TYPE),
        ('"quiet_hours":{"start":"25:00","end":"07:00"}', RejectReason.WRONG_TYPE),
        ('"reachable":["fax"]', RejectReason.WRONG_TYPE),
        ('"region":"' + "x" * 65 + '"', RejectReason.WRONG_TYPE),
        (f'"city_tier":{"9" * 5_000}', RejectReason.NOT_JSON),
        ('"language":"\\ud800"', RejectReason.NOT_JSON),
    ],
)
def test_a_profile_that_nothing_can_hold_is_refused_and_its_withdrawal_obeyed(worked, more, reason):
    """R3: it failed at settle, again at every opening; NaN, 1e400, a half pair and huge digits lost the withdrawal."""
    facts = worked.work_raw([profile_record(withdrawn(more))], T0)
    [(refused, obeyed)] = letters(facts)
    assert refused == reason
    assert (obeyed or "").startswith("consent.push=false")
    kept = book(worked)
    assert not kept.consents(Channel.PUSH)
    assert kept.consents(Channel.SMS), "what is no withdrawal is not taken from a profile that is refused"
    assert worked.partition.tally() is not None


@pytest.mark.parametrize("topic", [topics.PROFILES, topics.FEEDBACK])
def test_a_record_of_another_partitions_user_is_refused_where_it_is(topic):
    """A CRM with another partitioner: here nobody judges the user by it, and their no would be lost unseen."""
    said = profile().encode() if topic == topics.PROFILES else None
    for number in range(4):
        partition = open_dispatch(policy(), Placement(4))(number, {}, None)
        value = said or report(kind="unsubscribed")[1].value
        found = letters(list(partition.step(topic, [Stood(1, 0, b"u1", value)], T0)))
        assert found == ([] if number == Placement(4).of(b"u1") else [(RejectReason.WRONG_PARTITION, None)])
        assert list(partition.settle().writes) == ([] if found else [b"u1"])


def test_a_profile_obeyed_in_part_is_counted_as_such(worked):
    worked.partition.tally()
    worked.work_raw([profile_record(withdrawn('"reachable":["fax"]'))], T0)
    counted = worked.partition.tally()
    assert counted["profile.obeyed_in_part"] == counted["reject.wrong_type"] == 1
    assert "profile.rejected" not in counted


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_withdrawal_is_obeyed_in_every_encoding_of_json_and_in_a_record_that_is_too_large(worked, coding):
    """Some client libraries of other platforms write UTF-16; a CRM may export a profile of 400 kB."""
    large = withdrawn(f'"region":"{"x" * 100_000}"') if coding == "utf-32" else withdrawn('"reachable":["fax"]')
    facts = worked.work_raw([profile_record(large.encode(coding), b"u1")], T0)
    assert [obeyed for _, obeyed in letters(facts)] == ["consent.push=false"]
    assert not book(worked).consents(Channel.PUSH)


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ('"2026-03-05T09:00:00"', "2026-03-05T21:00:00+00:00"),
        ('"2026-03-05"', "2026-03-05T12:00:00+00:00"),
        *(
            (text, FOREVER.isoformat())
            for text in ('"never"', '"forever"', "true", "[]", "NaN", '"2026-03-05T24:00:00Z"')
        ),
        *((text, None) for text in ("null", "false", '" "')),
    ],
)
def test_a_silence_whose_end_cannot_be_read_ends_where_a_later_profile_says(worked, until, end):
    """Without an offset it ends where it is latest on earth; a refusal must not cut it short."""
    said = f'{{"user_id":"u1","time":"{T0.isoformat()}","total_spend":"x","silent_until":{until}}}'
    [(_reason, obeyed)] = letters(worked.work_raw([profile_record(said)], T0))
    assert obeyed == (None if end is None else f"silent_until={end}")
    worked.work(profile(at=T0 + SECOND), now=T0 + SECOND)
    worked.work(warning(), now=T0 + SECOND)
    assert len(worked.outbound) == 1


@pytest.mark.parametrize("until", [f'"{END}"', "1e18", "Infinity", '"+275760-09-13T00:00:00.000Z"', '"10000-01-01"'])
def test_a_silence_beyond_the_calendar_is_as_long_as_it_goes(worked, until):
    """An app says "never" with the greatest time of its language: the last of JavaScript is in the year 275760."""
    facts = worked.work_raw(
        [profile_record(f'{{"user_id":"u1","time":"{T0.isoformat()}","silent_until":{until}}}')], T0
    )
    assert [obeyed for _, obeyed in letters(facts)] == [f"silent_until={FOREVER.isoformat()}"]
    kept = book(worked).profile
    assert kept is not None
    assert kept.silent_until == FOREVER
    worked.work(warning(), now=T0 + SECOND)
    assert worked.outbound == []


def test_a_refused_profile_of_a_user_without_one_leaves_the_no_behind(worked):
    """A later profile with an older time is no yes."""
    worked.work_raw([profile_record(withdrawn('"total_spend":NaN').replace("u1", "u9"), b"u9")], T0)
    assert book(worked, "u9").profile is None
    worked.work(profile("u9", at=T0 - timedelta(days=2)), now=T0 + SECOND)
    assert not book(worked, "u9").consents(Channel.PUSH)
    worked.work(profile("u9", at=T0 + SECOND), now=T0 + SECOND)
    assert book(worked, "u9").consents(Channel.PUSH), "a profile that is newer than the no says yes"


@pytest.mark.parametrize(
    ("said", "reason", "obeyed"),
    [
        ({"kind": "unsubscribed", "time": END}, RejectReason.ABSURD_TIME, "consent.push=false"),
        ({"kind": "unsubscribed", "detail": 7}, RejectReason.WRONG_TYPE, "consent.push=false"),
        ({"kind": "unsubscribed", "message": float("nan")}, RejectReason.WRONG_TYPE, "consent.push=false"),
        ({"kind": "unsubscribed", "channel": "fax"}, RejectReason.WRONG_TYPE, None),
        ({"kind": "complained", "time": BEGIN}, RejectReason.ABSURD_TIME, "complained"),
        ({"kind": "complained", "id": None}, RejectReason.WRONG_TYPE, "complained"),
        ({"kind": "delivered", "time": END}, RejectReason.ABSURD_TIME, None),
        ({"kind": ["unsubscribed"], "time": END}, RejectReason.WRONG_TYPE, None),
    ],
)
def test_a_report_that_is_refused_is_obeyed_in_what_it_takes_back(worked, said, reason, obeyed):
    facts = worked.work_raw([report(**said)], T0)
    assert letters(facts) == [(reason, obeyed)]
    kept = book(worked)
    assert kept.consents(Channel.PUSH) is (obeyed != "consent.push=false")
    assert kept.complained == (T0 if obeyed == "complained" else None)


@pytest.mark.parametrize(
    "value",
    [
        b"\xef\xbb\xbf" + withdrawn('"city_tier":1').encode(),
        withdrawn('"language":"@"').encode().replace(b"@", b"\xff"),
        withdrawn('"more":' + "[" * 300 + "]" * 300).encode(),
    ],
)
def test_a_no_is_read_more_leniently_than_a_yes(worked, value):
    """A mark of byte order, a byte that is not UTF-8, deep nesting: refused, and the withdrawal holds."""
    facts = worked.work_raw([profile_record(value)], T0)
    assert [obeyed for _, obeyed in letters(facts)] == ["consent.push=false"]


@pytest.mark.parametrize(
    ("key", "user"),
    [
        (b"u2", '"u1"'),
        (b"", '""'),
        (b"?", '"\\ud800"'),
        (b"\xed\xa0\x80", '"\\ud800"'),
        (b"\xff", '"\\udcff"'),
        (b"\xff", '"\\\\xff"'),
        (b"\0partition", '"\\u0000partition"'),
        (b"\0learning\0", '"\\u0000learning\\u0000"'),
        (b"x" * 257, f'"{"x" * 257}"'),
        (b"7", "7"),
        (b"u1", '["u1"]'),
    ],
)
def test_nobody_is_obeyed_for_who_is_no_user_of_that_key(key, user):
    """Keys that no user can have never become records; those that begin with a NUL are the program's own."""
    value = f'{{"user_id":{user},"consent":{{"push":false}},"kind":"complained"}}'.encode()
    for model in (Profile, Feedback):
        refused = read(model, Stood(1, 0, key, value), MAX_BYTES)
        assert isinstance(refused, Refused)
        assert refused.obeyed == NOTHING


@pytest.mark.parametrize("value", [b"", b"[]", b"7", b"\xff", b"[" * 200_000, b"{" * 9, b"null", b'{"consent":[]}'])
def test_bytes_that_say_nothing_are_refused_and_nothing_is_obeyed(value):
    refused = read(Profile, Stood(1, 0, b"u1", value), MAX_BYTES)
    assert isinstance(refused, Refused)
    assert refused.obeyed == NOTHING


@pytest.mark.parametrize("key", [b"\0partition", b"\0", b"\0learning\0"])
def test_a_tombstone_of_a_reserved_key_is_refused(worked, key):
    """It deleted the partition's own record: profiles that are taken back carry a key alone."""
    before = dict(worked.table)
    facts = worked.work_raw([(topics.PROFILES, Stood(1, 0, key, None))], T0)
    assert letters(facts) == [(RejectReason.WRONG_TYPE, None)]
    assert worked.table == before


@pytest.mark.parametrize("key", [b"\xff", b"", b"a/b", b"u\xff\xff"])
def test_a_tombstone_of_a_key_that_no_user_has_leaves_nothing(worked, key):
    before = dict(worked.table)
    worked.work_raw([(topics.PROFILES, Stood(1, 0, key, None))], T0)
    assert worked.table == before
    worked.restart()
    worked.work(warning(), now=T0 + SECOND)
    assert len(worked.outbound) == 1


def test_what_was_obeyed_is_named_one_by_one():
    assert Obeyed((Channel.SMS, Channel.PUSH), T0, complains=True).names == (
        "consent.sms=false", "consent.push=false", f"silent_until={T0.isoformat()}", "complained",
    )  # fmt: skip


def test_a_letter_that_comes_back_says_nothing_of_the_earlier_one() -> None:
    headers: Headers = (("a", b"b"), (OBEYED, b"consent.push=false"))
    assert requeued_headers(headers, 0, 1) == (("a", b"b"), (REQUEUED, b"0:1"))


@pytest.mark.parametrize("spelled", ["false", '"false"', '"no"', "0", '"off"'])
def test_a_withdrawal_is_obeyed_in_every_spelling_of_a_good_profile(worked, spelled):
    facts = worked.work_raw([profile_record(withdrawn('"city_tier":1e300').replace("false", spelled))], T0)
    assert letters(facts) == [(RejectReason.WRONG_TYPE, "consent.push=false")]


def test_channels_are_kept_once_however_often_a_profile_names_them(worked):
    """A list of a hundred thousand would make a record that Kafka does not take."""
    many = '"reachable":[' + ",".join(['"push"', '"sms"'] * 10_000) + "]"
    assert letters(worked.work_raw([profile_record(withdrawn(many))], T0)) == []
    kept = book(worked).profile
    assert kept is not None
    assert kept.reachable == (Channel.PUSH, Channel.SMS)
