"""The demo's town: who lives in it, what broken apps send, what becomes of a message, and what is said of it all."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from agents.demo.messaging import Messaging, reports
from agents.demo.person import Person
from agents.demo.seen import Seen
from agents.demo.source import Due, Source
from agents.demo.spoilt import WAYS
from agents.demo.view import Picture, PlainView
from agents.demo.words import told
from agents.driver import Stored
from agents.policy_file import read_policy
from schemas import topics
from schemas.channel import Channel
from schemas.decision import Call, Decision, Outcome, Reason, Verdict
from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound
from schemas.policy import Role
from schemas.warning import Component, Evidence, Level, Stage, Warning
from streams.health import open_health
from streams.intake import Event, Intake, Reject

SHOP = read_policy(Path(__file__).parents[2] / "deploy/policies/shop.toml")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOWN = Source(SHOP, users=150, seed=7)


def until(source: Source, days: float) -> list[Due]:
    """What a town writes until so many days after the demo's clock has started."""
    end = source.start + timedelta(days=days)
    return list(takewhile(lambda due: due.at <= end, source.records()))


@pytest.fixture(scope="module")
def written() -> list[Due]:
    """The town's past and its first three days."""
    return until(TOWN, 3)


def as_record(due: Due) -> Stored:
    return Stored(0, 0, int(due.at.timestamp() * 1000), due.key, due.value, ())


def test_the_clock_starts_on_a_monday_at_ten_in_the_zone_of_the_product() -> None:
    assert TOWN.start == datetime(2026, 6, 1, 2, tzinfo=UTC), "Shanghai is 8 hours ahead"
    assert TOWN.start.weekday() == 0


def test_another_seed_is_another_town(written: list[Due]) -> None:
    assert until(Source(SHOP, users=150, seed=8), 3) != written


def test_profiles_come_before_all_events_and_most_give_consent(written: list[Due]) -> None:
    assert {due.topic for due in written[:150]} == {topics.PROFILES}
    assert {due.topic for due in written[150:]} == {topics.EVENTS}
    willing = [any(json.loads(due.value)["consent"].values()) for due in written[:150]]
    assert 0.8 < sum(willing) / len(willing) < 1


def test_nearly_all_events_are_accepted_a_few_are_refused_for_different_reasons(written: list[Due]) -> None:
    found = [Intake(SHOP).read(as_record(due)) for due in written if due.topic == topics.EVENTS]
    reasons = Counter(each.reason for each in found if isinstance(each, Reject))
    assert 0 < reasons.total() < len(found) / 100
    assert len(reasons) > 1


def test_some_events_come_twice_and_some_have_a_type_nobody_knows(written: list[Due]) -> None:
    assert any(first == second for first, second in pairwise(written))
    assert any(b'"banner.shown"' in due.value for due in written)


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_what_broken_apps_send_is_refused(written: list[Due], way: int) -> None:
    good = written[-1]
    assert isinstance(Intake(SHOP).read(as_record(good)), Event)
    broken = good._replace(value=WAYS[way](json.loads(good.value)))
    assert isinstance(Intake(SHOP).read(as_record(broken)), Reject)


def test_nights_are_quiet(written: list[Due]) -> None:
    hours = Counter((due.at + timedelta(hours=8)).hour for due in written if due.topic == topics.EVENTS)
    assert sum(hours[hour] for hour in range(1, 5)) < sum(hours[hour] for hour in range(18, 22)) / 10


def test_rhythms_differ_and_everybody_is_seen(written: list[Due]) -> None:
    """In four weeks some come nearly every day and some hardly ever."""
    days = {(due.key, due.at.date()) for due in written if due.topic == topics.EVENTS and due.at < TOWN.start}
    seen = Counter(key for key, _day in days)
    assert max(seen.values()) > 22
    assert min(seen.values()) < 8


def test_warnings_come_when_the_clock_runs_and_hardly_before(written: list[Due]) -> None:
    """The town is well until the clock starts; then every day somebody is missed."""
    events = [as_record(due) for due in written if due.topic == topics.EVENTS]
    facts = open_health(SHOP)(0, {}, None).step(topics.EVENTS, events, TOWN.start)
    warnings = [Warning.decode(fact.value) for fact in facts if fact.topic == topics.WARNINGS]
    days = Counter(
        (warning.at - TOWN.start) // timedelta(days=1) for warning in warnings if warning.level != "recovered"
    )
    assert all(days[day] for day in range(3))
    settled = sum(days[day] for day in range(-14, -4))
    assert 3 * settled / 10 < sum(days[day] for day in range(3)) / 3


def test_a_policy_with_other_event_names_has_a_town_of_its_own() -> None:
    """The town speaks the policy's language, even where all it knows is a login."""
    policy = SHOP.model_copy(update={"events": {"login": Role.SESSION}})
    written = until(Source(policy, users=20), 1)
    found = [Intake(policy).read(as_record(due)) for due in written if due.topic == topics.EVENTS]
    assert {each.type for each in found if isinstance(each, Event)} == {"login", "banner.shown"}


def test_whoever_complains_comes_to_complain_and_then_stays_away() -> None:
    """After a complaint follow at least two weeks of silence."""
    for number in range(30):
        person = Person(1, number, (Role.SESSION,), settled=0)
        days = {day: {deed.role for deed in person.day(day)} for day in range(200)}
        angry = [day for day, roles in days.items() if Role.COMPLAINT_OPENED in roles]
        assert all(Role.SESSION in days[day] for day in angry)
        assert not any(days.get(day + after) for day in angry for after in range(1, 15))


def message(number: int = 1) -> Outbound:
    return Outbound(
        id=f"m{number}", recall="r", episode="e", stage="at_risk", warning="w", user_id="ann", product="default",
        channel=Channel.PUSH, playbook="risk-whats-new", template="whats_new", parameters={"picks": "3"},
        cost=0.05, priority=5, at=NOON, expires=NOON + timedelta(days=3), policy_hash="0" * 12,
    )  # fmt: skip


def test_reports_of_a_message_hang_on_nothing_but_seed_and_message() -> None:
    assert reports(message(), 1) == reports(message(), 1)
    assert any(reports(message(n), 1) != reports(message(n), 2) for n in range(20))


def test_every_message_is_accepted_then_delivered_or_failed_and_only_then_read() -> None:
    told_kinds = set()
    for number in range(2_000):
        said = reports(message(number), 1)
        kinds = [each.kind for each in said]
        told_kinds |= set(kinds)
        assert kinds[0] is FeedbackKind.ACCEPTED
        assert kinds[1] in (FeedbackKind.DELIVERED, FeedbackKind.FAILED)
        assert len(kinds) == 2 or kinds[1] is FeedbackKind.DELIVERED
        assert all(first.time <= second.time for first, second in pairwise(said))
        assert {(each.message, each.user_id, each.channel) for each in said} == {(f"m{number}", "ann", Channel.PUSH)}
    assert told_kinds == set(FeedbackKind) - {FeedbackKind.BOUNCED}


def test_reports_are_handed_out_at_their_time_once_though_a_message_comes_twice() -> None:
    messaging = Messaging(seed=1)
    messaging.take(message())
    messaging.take(message())
    assert list(messaging.due(NOON)) == []
    accepted = list(messaging.due(NOON + timedelta(seconds=2)))
    assert [Feedback.decode(due.value).kind for due in accepted] == [FeedbackKind.ACCEPTED]
    rest = list(messaging.due(NOON + timedelta(days=1)))
    assert len(accepted) + len(rest) == len(reports(message(), 1))
    assert list(messaging.due(NOON + timedelta(days=2))) == []


def warning(level: Level = Level.RISK, complaints: int = 0) -> Warning:
    evidence = Evidence(
        last_occasion=NOON.date(), silent_days=12, usual_gap_days=1.4, repeats=20, active_days_7=0, active_days_28=15,
        events_28=50, open_complaints=complaints, reach=0.5, horizon_days=28,
    )  # fmt: skip
    return Warning(
        id="w", level=level, episode="e", user_id="ann", product="default", at=NOON, index=47_200,
        parts={Component.FREQUENCY: 9_100, Component.SILENCE: 43_700, Component.TREND: 0}, threshold=50_000,
        rules=("level",), evidence=evidence, stage=Stage.AT_RISK, clears_when="", snapshot="start", warming_up=True,
        policy_hash="0" * 12,
    )  # fmt: skip


def decision(outcome: Outcome, *trace: Verdict, reason: Reason | None = None) -> Decision:
    return Decision(
        id="d", number=1, warning="w", level="risk", episode="e", recall="r", user_id="ann", product="default",
        playbook="risk-whats-new", outcome=outcome, reason=reason, channel=Channel.PUSH, expires=NOON, at=NOON,
        trace=trace, policy_hash="0" * 12,
    )  # fmt: skip


def test_the_line_of_a_warning_is_a_sum_that_comes_out() -> None:
    line = told(warning(complaints=1))
    assert "ann RISK: health 47.2 = 100 - 9.1 habitual frequency - 43.7 silence;" in line
    assert "silent 12 days, usual gap 1.4, active 15 of 28, 1 open complaint" in line
    assert told(warning(Level.RECOVERED)) == "ann is back: health 47.2, at_risk"


def test_the_line_of_a_decision_names_the_stage_that_decided() -> None:
    passed = Verdict(stage="expired", call=Call.PASS)
    no = Verdict(stage="consent", call=Call.DROP, channel=Channel.SMS, reason=Reason.NO_CONSENT, detail="none for sms")
    assert told(decision(Outcome.SENT, passed)) == "ann risk SENT on push by risk-whats-new, 1 verdicts, all pass"
    assert told(decision(Outcome.SENT, no, passed)).endswith("by risk-whats-new, after sms no_consent")
    dropped = told(decision(Outcome.DROPPED, passed, no, reason=Reason.NO_CONSENT))
    assert dropped == "ann risk DROPPED: no_consent (none for sms)"


def test_what_is_seen_is_counted_and_the_first_warning_is_timed() -> None:
    seen = Seen()
    assert seen.summary(0)["first_warning_s"] is None
    seen.take(decision(Outcome.DROPPED, reason=Reason.NO_CONSENT), 7.0)
    seen.take(warning(), 8.123)
    seen.take(warning(Level.CRITICAL), 9.0)
    seen.take(message(), 9.5)
    assert seen.summary(50) == {"events": 50, "warnings": 2, "decisions": 1, "outbound": 1, "first_warning_s": 8.12}
    assert (seen.warnings["risk"], seen.decisions["dropped no_consent"], seen.outbound["push"]) == (1, 1, 1)


def test_plain_lines_tell_what_is_new_once_and_not_too_much(capsys: pytest.CaptureFixture[str]) -> None:
    seen, view = Seen(), PlainView()
    picture = Picture(NOON, "ready", 50, 5.0, seen, "Kafka here")
    for _ in range(10):
        seen.take(warning(), 1.0)
    view.draw(picture)
    seen.take(warning(Level.CRITICAL), 2.0)
    view.draw(picture)
    view.draw(picture)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Kafka here"
    assert sum("Mon 01 Jun 12:00" in line for line in said) == 3
    assert (sum("RISK" in line for line in said), sum("CRITICAL" in line for line in said)) == (3, 1)
