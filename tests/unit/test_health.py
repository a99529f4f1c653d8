"""The parts of the health role one by one, where an example says more than a law."""

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from schemas.policy import Policy, Product, Role
from schemas.reject import DeadLetterHeader, RejectReason
from schemas.version import NewerRecord
from schemas.warning import Component, Level
from streams.health import HealthPartition, StateUnreadable, open_health
from streams.health.index.curve import BINS, EDGES, Curve
from streams.health.index.index import Silence
from streams.health.index.outlook import Outlook
from streams.health.index.snapshot import START
from streams.health.learning.book import reserved
from streams.health.learning.population import Population
from streams.health.occasion import occasion
from streams.health.rules.level import LevelRule
from streams.health.rules.order import Crossing, Rules, speak
from streams.health.state import State, key_of, pack, unpack
from streams.health.window import DAYS, EMPTY, looked, rolled
from tests.unit.test_intake import NOON, Sent, plain

POLICY = Policy(
    name="test",
    products={"default": Product(), "shop": Product()},
    events={"order": Role.PURCHASE, "visit": Role.SESSION},
)
RULE = LevelRule(POLICY.warnings)
RULES = Rules(POLICY.warnings)
FLAT = START._replace(curves=(Curve((1.0,) * BINS, EDGES),) * 3)
"""A hazard of 1 per nat: silences end as the user's rhythm alone says."""


def opened(table: dict[bytes, bytes] | None = None, memo: bytes | None = None) -> HealthPartition:
    partition = open_health(POLICY)(3, {} if table is None else table, memo)
    assert isinstance(partition, HealthPartition)
    return partition


def lived(days: range) -> State:
    state = State()
    for day in days:
        occasion(state, day, Population(), RULE)
    return state


# --- The index ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "history", "untaught", "flat"), [(1, 60, 11.9, 26.7), (7, 150, 9.0, 21.6)])
def test_the_start_notices_a_daily_user_after_12_days_and_a_weekly_one_after_9(
    gap: int, history: int, untaught: float, flat: float
) -> None:
    """With a hazard of 1 per nat instead of 1/(1+z) it would be 26.7 and 21.6 days, as was measured."""
    state = lived(range(20_000, 20_000 + history, gap))
    assert Silence(state, START, Outlook(28)).earliest(50) == pytest.approx(untaught, abs=0.1)
    assert Silence(state, FLAT, Outlook(28)).earliest(50) == pytest.approx(flat, abs=0.1)


def test_a_user_with_one_occasion_is_never_warned_of() -> None:
    state = lived(range(20_000, 20_001))
    silence = Silence(state, START, Outlook(28))
    assert RULE.earliest(state, silence, Population()) is None
    assert RULES.at(state, silence, Population(), 20_100) is None
    assert RULES.next(state, silence, Population(), 20_100) is None


def test_a_level_that_has_warned_is_armed_again_only_by_an_occasion_that_brings_the_index_well_up() -> None:
    """Hysteresis: a user who comes back as a shadow of himself is not warned of again at once."""
    state = lived(range(20_000, 20_200, 40))
    shadow = Silence(state, START, Outlook(28))
    state.baseline, state.armed = 90.0, 0b000
    assert shadow.index(0) < 60 < 0.85 * 90
    assert RULE.rearmed(state, shadow) == 0b100, "40 points are well above CRITICAL, and not above RISK"
    alone = RULE.next(state, shadow, Population(), state.last)
    assert alone is not None
    assert alone > state.last + 1
    state.armed = 0b111
    assert RULE.next(state, shadow, Population(), state.last) == state.last + 1
    state.baseline, state.armed = 50.0, 0b000
    assert shadow.index(0) > 0.85 * 50
    assert RULE.rearmed(state, shadow) == 0b111, "what is usual for him has come down meanwhile"


def test_a_level_that_has_warned_is_disarmed_when_its_silence_ends() -> None:
    state = lived(range(20_000, 20_060))
    speak(state, Crossing(20_075, Level.RISK, 50_000))
    occasion(state, 20_080, Population(), RULE)
    days = (state.watch_day, state.risk_day, state.critical_day)
    assert (state.armed, state.spoken, days) == (0b100, 2, (20_075, 20_075, -1))


def test_every_flag_takes_points_of_its_own() -> None:
    state = lived(range(20_000, 20_030))
    state.negatives = 1.0
    cross = Silence(state, START, Outlook(28)).parts(5)
    state.depth_fast, state.depth_slow = 0.5, 4.0
    shallow = Silence(state, START, Outlook(28)).parts(5)
    assert [cross[part] > 0 for part in (Component.EXPERIENCE, Component.DEPTH, Component.TREND)] == [
        True,
        False,
        False,
    ]
    assert shallow[Component.DEPTH] == pytest.approx(shallow[Component.EXPERIENCE], abs=1)
    assert {part: cross[part] for part in (Component.FREQUENCY, Component.SILENCE)} == pytest.approx(
        {part: shallow[part] for part in (Component.FREQUENCY, Component.SILENCE)}, abs=1
    )


def test_nothing_is_certain() -> None:
    """REACH stays a ten-thousandth away from 0 and from 1."""
    often, rarely = lived(range(20_000, 21_000)), lived(range(20_000, 20_002))
    assert Silence(often, FLAT, Outlook(28)).reach(0) == 1e-4
    assert Silence(rarely, START, Outlook(28)).reach(28) == Silence(rarely, START, Outlook(28)).reach(400) == 1 - 1e-4


# --- The window -----------------------------------------------------------------------------------------------------


def test_the_ring_counts_what_a_list_of_all_days_counts() -> None:
    """An oracle over gaps of every length, longer ones than the ring too."""
    seen, ring, last, today = Counter[int](), EMPTY, 100, 1
    seen[100] = 1
    for gap in (1, 1, 2, 7, 27, 28, 29, 1, 3, 60, 5, 26, 1, 1):
        ring, last, today = rolled(ring, last, today, last + gap), last + gap, gap % 4 + 1
        seen[last] = today
        for until in range(last, last + 40):
            month = [seen[day] for day in range(until - DAYS + 1, until + 1)]
            week = month[-7:]
            assert looked(ring, last, today, until) == (sum(map(bool, week)), sum(map(bool, month)), sum(month))


# --- The book -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\x01\x00",
        b"\x00" + pack(State())[1:],
        pack(State())[:-3],
        pack(State()) + b"x",
        pack(State())[:5] + msgspec.msgpack.encode(["first"]),
        pack(State())[:5] + msgspec.msgpack.encode({"first": 1}),
        b"\x01" + b"\xff" * 60,
    ],
)
def test_an_unreadable_state_names_its_user_and_product(record: bytes) -> None:
    with pytest.raises(StateUnreadable, match="of user 'u1' in product 'shop' is unreadable"):
        unpack(key_of("u1", "shop"), record)


def test_a_partition_with_a_state_of_a_newer_version_does_not_open() -> None:
    with pytest.raises(NewerRecord, match="of user 'u1' in product 'shop' was written by a newer program"):
        opened({key_of("u1", "shop"): b"\x07" + pack(State())[1:]})


@pytest.mark.parametrize(
    "memo", [b"", b"\x01\xc1", b"\x00" + msgspec.msgpack.encode([{}]), b"\x01" + msgspec.msgpack.encode([[3]])]
)
def test_a_partition_with_an_unreadable_memo_does_not_open(memo: bytes) -> None:
    with pytest.raises(StateUnreadable, match="memo"):
        opened(memo=memo)


# --- The partition --------------------------------------------------------------------------------------------------


def test_every_record_comes_to_one_outcome_and_a_tally_starts_anew() -> None:
    partition = opened()
    sent = [
        Sent(plain(id="1")),
        Sent(plain(id="1")),
        Sent(plain(id="2", type="unheard-of")),
        Sent(plain(id="3", time="2026-01-01T11:58:59Z")),
        Sent(plain(id="4", time="2026-01-01T13:00:00Z")),
        Sent(b"{"),
    ]
    partition.step("app.events", sent, NOON)
    assert partition.tally() == {
        "event.applied": 1, "event.duplicate": 1, "event.unknown_type": 1, "event.too_late": 1, "event.late_day": 1,
        "event.rejected": 1, "reject.not_json": 1,
    }  # fmt: skip
    assert partition.tally() == {}


def test_an_event_id_is_remembered_for_15_more_events_of_its_user_and_not_for_16() -> None:
    for others, outcome in ((15, "duplicate"), (16, "applied")):
        partition = opened()
        ids = ["first", *map(str, range(others))]
        partition.step("app.events", [Sent(plain(id=id)) for id in ids], NOON)
        partition.tally()
        partition.step("app.events", [Sent(plain(id="first"))], NOON)
        assert partition.tally() == {f"event.{outcome}": 1}


def test_a_visit_of_a_day_before_the_last_occasion_changes_nothing() -> None:
    """Not even its id is kept: sixteen of them, sent late, would push out the ids of today."""
    table: dict[bytes, bytes] = {}
    partition, key = opened(table), key_of("u1", "shop")
    partition.step("app.events", [Sent(plain(id="1"))], NOON)
    before = unpack(key, partition.settle().writes[key] or b"")
    late = Sent(plain(id="2", type="visit", time="2026-01-01T13:00:00Z"))
    partition = opened({key: pack(before)}, partition.settle().memo)
    partition.step("app.events", [late, late], NOON)
    assert partition.tally() == {"event.late_day": 2}
    assert dict(partition.settle().writes) == {}


def test_an_id_is_its_sources_own_and_says_all_of_an_event() -> None:
    """Another app may use the same id; the same app that sends it again with other words has not said anything new."""
    partition = opened()
    partition.step("app.events", [Sent(plain(id="1")), Sent(plain(id="1", source="web"))], NOON)
    assert partition.tally() == {"event.applied": 2}
    partition.step("app.events", [Sent(plain(id="1", time="2026-01-02T11:00:00Z", properties={}))], NOON)
    assert partition.tally() == {"event.duplicate": 1}


def test_a_dead_letter_is_the_record_as_it_came_with_its_reason_and_place() -> None:
    record = Sent(b"\xff\x00", (("trace", b"\xfe"),), key=b"k\xff", timestamp=17, offset=42)
    [letter] = opened().step("app.events", [record], NOON)
    assert (letter.topic, letter.key, letter.value, letter.partition) == ("app.events-dlt", b"k\xff", b"\xff\x00", None)
    headers = dict(letter.headers)
    assert letter.headers[0] == ("trace", b"\xfe")
    assert headers[DeadLetterHeader.REASON] == RejectReason.NOT_UTF8.value.encode()
    places = (DeadLetterHeader.TOPIC, DeadLetterHeader.PARTITION, DeadLetterHeader.OFFSET, DeadLetterHeader.TIMESTAMP)
    assert [headers[name] for name in places] == [b"app.events", b"3", b"42", b"17"]


def test_settling_hands_each_touched_user_over_once() -> None:
    partition = opened()
    partition.step("app.events", [Sent(plain(id="1")), Sent(plain(id="2"))], NOON)
    first, second = partition.settle(), partition.settle()
    assert [key for key in first.writes if not reserved(key)] == [key_of("u1", "shop")]
    assert second.writes == {}
    assert second.memo == first.memo


def test_products_have_clocks_of_their_own_and_unlisted_ones_share_the_default_clock() -> None:
    partition = opened()
    for product, time in (
        ("shop", "2026-01-02T12:00:00Z"),
        ("a", "2026-01-02T10:00:00Z"),
        ("b", "2026-01-02T11:00:00Z"),
    ):
        partition.step("app.events", [Sent(plain(id=product, product=product, time=time))], NOON)
    minute = timedelta(minutes=1)
    marks = {name: pulse.watermark for name, pulse in partition.pulses().items()}
    assert marks == {"default": NOON - 61 * minute, "shop": NOON - minute}


def test_time_goes_on_where_it_stood_when_a_partition_is_opened_again() -> None:
    partition = opened()
    partition.step("app.events", [Sent(plain())], NOON)
    again = opened(memo=partition.settle().memo)
    assert again.pulses() == partition.pulses()
    again.step("app.events", [Sent(plain(id="late", time="2026-01-01T11:58:59Z"))], NOON)
    assert again.tally() == {"event.too_late": 1}


def test_ticks_alone_move_nothing() -> None:
    """Event time moves by events, here or in another partition."""
    partition = opened()
    partition.step("app.events", [Sent(plain())], NOON)
    partition.tick(NOON, True)
    before = partition.settle()
    later = NOON + timedelta(days=400)
    assert [*partition.tick(later, True), *partition.hear("churn.population", [], later)] == []
    assert partition.question(later, due=True, behind=0) is None
    assert list(partition.judge(None, later)) == []
    assert (partition.settle().memo, partition.settle().writes) == (before.memo, {})
