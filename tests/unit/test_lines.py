"""One clear line in the log for each fault, few lines for a flood, none where nothing has changed, no user in any."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from agents.lines import Lines
from agents.metrics import Metrics
from agents.observe import Observer
from agents.products import Products
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.control import ControlKind, Forced
from schemas.counts import Counts, Tally
from schemas.feedback import FeedbackKind
from schemas.lease import BLAST
from schemas.policy import Blast
from streams.health import open_health
from streams.health.pace import Pulse
from streams.role import Fact, Open, Partition
from tests.dispatching import T0, Worked, feedback, order, policy, profile, stood, warning
from tests.governing import Governed
from tests.laws.health_story import DAY, Happening, Run, sent

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Time:
    """Processing time and the seconds between lines, moved by hand."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return (self.at - T0).total_seconds()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def observer(registry: CollectorRegistry, time: Time) -> Observer:
    return Observer(Metrics(registry), Lines(Products(time), time.seconds))


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every line, also those that only inform."""
    caplog.set_level(logging.INFO, "agents")
    return caplog


def opening(partition: Partition) -> Open:
    return lambda number, table, memo: partition


def committed(observer: Observer, facts: list[Fact] | None = None, number: int = 0) -> None:
    """A turn with work, as the path reports it."""
    observer.transaction(number, 0, facts or [], 0.1)
    observer.turned(number)


def counts(heard: pytest.LogCaptureFixture) -> list[int]:
    return [record.__dict__["count"] for record in heard.records]


def test_a_flood_of_refused_records_gives_few_lines_whose_counts_add_up(
    observer: Observer, time: Time, heard: pytest.LogCaptureFixture
) -> None:
    """Ten thousand in half a minute: at once, every ten seconds, and the rest when the partition goes."""
    run = Run()
    observer.opening(opening(run.partition))(0, {}, None)
    bad = sent(0, Happening(0, "secret-user", "default", "visit"))._replace(value=b"{")
    for _ in range(100):
        run.partition.step("app.events", [bad] * 100, time.at)
        committed(observer)
        time.at += timedelta(seconds=0.32)
    observer.state(0, "closed")
    said = [record.message for record in heard.records if "refused, " in record.message]
    assert said[0] == "health[0]: records refused, not_json: 100; see `churn-alerts dlt list --reason not_json`"
    assert len(said) == 5
    assert sum(record.__dict__.get("count", 0) for record in heard.records) == 10_000
    assert "secret-user" not in heard.text


def test_what_was_refused_is_told_in_time_though_nothing_more_comes(
    observer: Observer, time: Time, heard: pytest.LogCaptureFixture
) -> None:
    """By reason and partition; an owner that turns without work is enough."""
    here, there = (open_health(policy())(number, {}, None) for number in (0, 1))
    for number, partition in enumerate((here, there)):
        observer.opening(opening(partition))(number, {}, None)
    bad = sent(0, Happening(0, "u", "default", "visit"))
    for values in ((b"{", b""), (b"{", b"{")):
        for number, partition in enumerate((here, there)):
            partition.step("app.events", [bad._replace(value=value) for value in values], time.at)
            committed(observer, number=number)
    assert sorted(counts(heard)) == [1, 1, 1, 1], "not_json and empty, here and there"
    heard.clear()
    for seconds, due in ((9, []), (1, [2, 2]), (60, [])):
        time.at += timedelta(seconds=seconds)
        for number in (0, 1):
            observer.turned(number)
        assert counts(heard) == due
        heard.clear()


def test_what_cannot_be_processed_has_a_line_with_the_place_in_the_program_and_is_counted(
    observer: Observer, registry: CollectorRegistry, heard: pytest.LogCaptureFixture
) -> None:
    """Few lines, however often it happens; the error's own words stay in the letter, for they may name a user."""
    observer.opening(opening(open_health(policy())(0, {}, None)))(0, {}, None)
    for _ in range(300):
        observer.unprocessable(0, "app.events", "OverflowError", "streams/health/lane.py:95")
        observer.turned(0)
    observer.state(0, "closed")
    said = (
        "partition 0: handling app.events fails with OverflowError in streams/health/lane.py:95, and goes on without it"
    )
    assert heard.messages == [f"{said}: {count}; see ChurnUnprocessable in docs/runbook.md" for count in (1, 299)]
    labels = {"topic": "app.events", "error": "OverflowError"}
    assert registry.get_sample_value("churn_unprocessable_total", labels) == 300


def test_feedback_that_counts_for_nothing_has_its_line(observer: Observer, heard: pytest.LogCaptureFixture) -> None:
    worked = Worked(policy())
    worked.work(profile(), warning())
    observer.opening(opening(worked.partition))(0, {}, None)
    worked.partition.tally()
    [message] = worked.outbound
    delivered = FeedbackKind.DELIVERED
    worked.work(
        feedback("nobody-knows", delivered, user="secret-user", n=1),
        feedback("nor-this", delivered, n=2),
        feedback(message.id, delivered, channel=Channel.SMS, n=3),
        feedback(message.id, delivered, channel=message.channel, n=4),
    )
    worked.work_raw([("churn.feedback", stood(feedback("x", delivered))._replace(value=b"{"))], T0)
    committed(observer)
    assert sorted(heard.messages) == [
        "dispatcher[0]: feedback that counts for nothing, mismatched: 1; see ChurnFeedbackUnknown in docs/runbook.md",
        "dispatcher[0]: feedback that counts for nothing, unknown: 2; see ChurnFeedbackUnknown in docs/runbook.md",
        "dispatcher[0]: records refused, not_json: 1; see `churn-alerts dlt list --reason not_json`",
    ]


def harmful(at: datetime, complaints: int) -> Counts:
    tally = Tally(
        minute=int(at.timestamp()) // 60, channel=Channel.PUSH, round=0, sends=200, complaints=complaints, failures=0
    )
    return Counts(partition=0, number=1, at=at, tallies=(tally,), wants={})


def test_each_move_of_a_breaker_is_said_once_with_its_cause(
    observer: Observer, heard: pytest.LogCaptureFixture
) -> None:
    governed = Governed(policy())
    observer.opening(opening(governed.partition))(0, {}, None)
    committed(observer, governed.work(now=T0))
    assert heard.messages == [], "that every channel begins closed is no news"
    for now, reports in ((T0, [harmful(T0, 9)]), (T0 + MINUTE, []), (T0 + 31 * MINUTE, [])):
        committed(observer, governed.work(*reports, now=now))
    opened, probing = (record for record in heard.records)
    assert opened.message.startswith("governor: the breaker of push went from closed to open: tripped: 9 complaints, ")
    assert "went from open to half_open: cooled: open for 30 min" in probing.message
    assert opened.levelno == logging.WARNING


def test_of_an_operators_word_about_a_breaker_only_that_it_was_one_is_logged(
    observer: Observer, heard: pytest.LogCaptureFixture
) -> None:
    governed = Governed(policy())
    observer.opening(opening(governed.partition))(0, {}, None)
    committed(observer, governed.work(now=T0))
    word = order(ControlKind.BREAKER, "push", value=Forced.OPEN, why="secret-user complains")
    committed(observer, list(governed.partition.hear("churn.control", [stood(word)], T0)))
    assert heard.messages == [
        "governor: the breaker of push went from closed to forced_open: forced_open by an operator; see "
        "`churn.breakers`"
    ]


def test_a_breaker_that_moved_unseen_is_told_of_when_it_is_opened(
    observer: Observer, heard: pytest.LogCaptureFixture
) -> None:
    """A worker may die between a commit and its line."""
    governed = Governed(policy())
    governed.work(harmful(T0, 9), now=T0)
    observer.opening(opening(governed.partition))(0, {}, None)
    assert heard.messages == [f"governor: the breaker of push is found {BreakerState.OPEN}; see `churn.breakers`"]
    observer.state(0, "failed")
    observer.opening(opening(governed.partition))(0, {}, None)
    assert len(heard.messages) == 1


def test_a_paused_run_and_its_release_are_said_once(observer: Observer, heard: pytest.LogCaptureFixture) -> None:
    governed = Governed(policy(blast=Blast(per_hour=1)))
    observer.opening(opening(governed.partition))(0, {}, None)
    committed(observer, governed.work(now=T0))
    for now in (T0, T0 + MINUTE):
        committed(observer, governed.work(Counts(partition=0, number=1, at=now, tallies=(), wants={BLAST: 9}), now=now))
    [paused] = heard.records
    assert paused.levelno == logging.ERROR
    assert "`churn-alerts control release`" in paused.message
    governed.partition.hear("churn.control", [stood(order(ControlKind.RELEASE, BLAST, at=T0 + MINUTE))], T0 + MINUTE)
    committed(observer)
    assert heard.messages[1:] == ["governor: the paused run was released by an operator, messages go on"]


def pulse(hours: float, speed: float = 1.0, still_after: float = 3_600) -> Pulse:
    return Pulse(T0 + hours * HOUR, still_after, speed, False)


def test_a_feed_that_stands_still_and_goes_on_is_said_once_for_all_partitions(
    time: Time, heard: pytest.LogCaptureFixture
) -> None:
    """The longest gap that is usual in a partition counts, from the moment at which the last of them came on."""
    products = Products(time)
    for hours, there, lines in (
        (0.0, 0.0, 0), (0.9, 0.5, 0), (1.8, 0.5, 0), (2.8, 0.5, 0), (3.0, 0.5, 1), (9.0, 0.5, 1), (9.1, 9.0, 2),
        (9.2, 9.0, 2),
    ):  # fmt: skip
        time.at = T0 + hours * HOUR
        products.look(0, {"shop": pulse(0)})
        products.look(1, {"shop": pulse(there, still_after=7_200)})
        assert len(heard.messages) == lines, hours
    assert heard.messages == [
        "health: the feed of product shop stands still: no newer event for 7560 s, and its time waits; see "
        "ChurnFeedStalled in docs/runbook.md",
        "health: the feed of product shop goes on",
    ]


def test_a_time_in_which_nobody_looked_is_no_standstill(time: Time, heard: pytest.LogCaptureFixture) -> None:
    """The partition was with another worker, or could not be opened while a broker was away."""
    for gone in (True, False):
        products = Products(time)
        products.look(0, {"shop": pulse(0)})
        if gone:
            products.forget(0)
        time.at += 5 * HOUR
        products.opened()
        products.look(0, {"shop": pulse(0)})
        assert heard.messages == []
        time.at += 2 * HOUR
        products.look(0, {"shop": pulse(0)})
        assert len(heard.messages) == 1
        heard.clear()


def test_a_mass_dip_is_said_when_it_begins_deepens_and_ends_in_the_last_partition(
    time: Time, heard: pytest.LogCaptureFixture
) -> None:
    products = Products(time)
    for here, there in ((1.0, 1.0), (0.7, 1.0), (0.7, 0.7), (0.0, 0.7), (0.0, 0.0), (0.8, 0.0), (0.8, 0.8), (1.0, 1.0)):
        products.look(0, {"shop": pulse(0, here)})
        products.look(1, {"shop": pulse(0, there)})
    assert heard.messages == [
        "health: mass dip of product shop: its time runs at 70 %; see ChurnMassDip in docs/runbook.md",
        "health: mass dip of product shop: its time is held, no silence counts; see ChurnMassDip in docs/runbook.md",
        "health: the mass dip of product shop is over",
    ]


@pytest.mark.requirement("B6")
def test_looks_that_a_mass_dip_puts_off_are_counted_by_product(
    observer: Observer, registry: CollectorRegistry, heard: pytest.LogCaptureFixture
) -> None:
    """Two of forty go on visiting: with the dip come one line and a number, and both end with it."""
    run = Run()
    observer.opening(opening(run.partition))(0, {}, None)
    shown = []
    for day in range(110):
        quiet = 50 <= day < 75
        at = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + day * DAY
        town = [Happening(at + user, f"user-{user}", "shop", "visit", f"{user}-{day}") for user in range(40)]
        run.partition.step("app.events", [sent(day, one) for one in town[: 2 if quiet else 40]], T0)
        run.table |= {key: value for key, value in run.partition.settle().writes.items() if value is not None}
        committed(observer)
        shown.append(registry.get_sample_value("churn_silence_inhibited_total", {"product": "shop"}))
    assert shown[:50] == [0.0] * 50
    assert shown[73] - shown[72] == 38, "the look of everybody who stays away is due once a day"
    assert shown[85] == shown[-1]
    said = [message for message in heard.messages if "mass dip" in message]
    assert any("its time is held" in message for message in said)
    assert said[-1] == "health: the mass dip of product shop is over"
    assert "user-" not in heard.text
