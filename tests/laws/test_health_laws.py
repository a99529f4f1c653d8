"""What is true of the health role for every log: against a slow reference, and itself cut, shuffled or restarted."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from schemas.policy import Policy, Product, Role
from schemas.warning import Component, Level, Warning
from streams.health import HealthPartition, open_health
from streams.health.experience import felt
from streams.health.index.components import deepened
from streams.health.index.curve import BINS, EDGES, Curve
from streams.health.index.index import Silence
from streams.health.index.population import START, Population, Snapshot
from streams.health.occasion import occasion
from streams.health.rules.level import LevelRule
from streams.health.state import State, key_of, pack, unpack, user_and_product
from streams.intake import Event
from streams.role import Fact
from tests.laws.reference import Life, Said, sweep

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
POLICY = Policy(
    name="laws",
    products={
        "default": Product(),
        "shop": Product(zone="Asia/Shanghai"),
        "tool": Product(horizon_days=7, zone="America/New_York"),
        "car": Product(horizon_days=120, zone="Australia/Lord_Howe"),
    },
    events={"visit": Role.SESSION, "order": Role.PURCHASE, "complain": Role.COMPLAINT_OPENED, "rate": Role.SCORE},
)
STARTS = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC), datetime(2025, 12, 28, tzinfo=UTC)]
"""Shortly before clocks go forward, before they go back, and before the year's end."""


class Happening(NamedTuple):
    """One event of one user; a log is a list of them."""

    at: float
    user: str
    product: str
    type: str
    id: str = ""


class Sent(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def sent(offset: int, one: Happening) -> Sent:
    body: dict[str, Any] = {
        "id": one.id or str(offset),
        "source": "laws",
        "type": one.type,
        "time": datetime.fromtimestamp(one.at, UTC).isoformat(),
        "user_id": one.user,
        "product": one.product,
        "properties": {"score": 1},
    }
    return Sent(offset, int(one.at * 1000), one.user.encode(), json.dumps(body).encode())


class Run:
    """A partition over a dict for a table; it may be cut into batches and opened anew anywhere."""

    def __init__(self) -> None:
        self.table: dict[bytes, bytes] = {}
        self.memo: bytes | None = None
        self.facts: list[Fact] = []
        self.tally: dict[str, int] = {}
        self.partition = self.opened()

    def opened(self) -> HealthPartition:
        partition = open_health(POLICY)(0, self.table, self.memo)
        assert isinstance(partition, HealthPartition)
        return partition

    def step(self, records: Sequence[Sent]) -> None:
        self.facts += self.partition.step("app.events", records, NOW)
        self.facts += self.partition.tick(NOW)

    def settle(self) -> None:
        settled = self.partition.settle()
        for key, value in settled.writes.items():
            assert value is not None
            self.table[key] = value
        self.memo = settled.memo
        for outcome, count in self.partition.tally().items():
            self.tally[outcome] = self.tally.get(outcome, 0) + count

    def restart(self) -> None:
        self.partition = self.opened()

    def warnings(self) -> list[Warning]:
        return [Warning.decode(fact.value) for fact in self.facts if fact.value]


def run(log: Iterable[Happening], cuts: Iterable[int] = (), restarts: Iterable[int] = ()) -> Run:
    records, one = [sent(offset, happening) for offset, happening in enumerate(log)], Run()
    for first, until in pairwise(sorted({0, *cuts, *restarts, len(records)})):
        one.step(records[first:until])
        one.settle()
        if until in set(restarts):
            one.restart()
    return one


# --- Hard cases -------------------------------------------------------------------------------------------------------

GAPS = st.one_of(
    st.sampled_from([0, 0, 1, 1, 1, 2, 6, 7, 7, 8, 13, 14, 15, 27, 28, 29, 35]),
    st.integers(0, 12),
    st.integers(30, 250),
)
SECOND = st.one_of(st.sampled_from([0, 1, 59, 3_600, DAY - 1]), st.integers(0, DAY - 1))
PRODUCTS = st.sampled_from(["shop", "tool", "tool", "car", "default", "unlisted", "ünlisted-2"])


@st.composite
def lives(draw: st.DrawFn) -> list[Happening]:
    """One user's visits in one product: perhaps a busy past, a rhythm that may break, days of all sizes, complaints."""
    user, product = draw(st.sampled_from(["a", "b", "用户", "u-17", "x" * 40])), draw(PRODUCTS)
    at = draw(st.sampled_from(STARTS)).timestamp() + draw(st.integers(0, 20)) * DAY
    usual, log = draw(st.sampled_from([1, 1, 2, 7, 14, 30])), list[Happening]()
    for _ in range(draw(st.sampled_from([0, 0, 0, 20]))):
        at += DAY
        log += [Happening(at + 36_000 + n, user, product, "visit") for n in range(6)]
    for _ in range(draw(st.integers(2, 10))):
        at += draw(st.one_of(st.just(usual), GAPS)) * DAY
        moment = at - at % DAY + draw(SECOND)
        log += [
            Happening(moment + n, user, product, "visit") for n in range(draw(st.sampled_from([1, 1, 1, 2, 3, 40])))
        ]
        if draw(st.integers(0, 5)) == 0:
            later = moment + draw(st.integers(0, 9 * DAY))
            log.append(Happening(later, user, product, draw(st.sampled_from(["complain", "rate"]))))
    return log


@st.composite
def logs(draw: st.DrawFn) -> list[Happening]:
    """Several lives in order of time, and somebody in each product whose events carry time on to the end."""
    log = [one for life in draw(st.lists(lives(), min_size=1, max_size=4)) for one in life]
    end = max(one.at for one in log) + draw(st.sampled_from([0, 1, 20, 40, 130])) * DAY + draw(SECOND)
    log += [Happening(end, "zed", product, "visit") for product in ("shop", "tool", "car", "default")]
    return sorted(log)


COMMON = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


# --- Against the reference --------------------------------------------------------------------------------------------

PARTS = (Component.FREQUENCY, Component.SILENCE, Component.TREND, Component.DEPTH, Component.EXPERIENCE)


def expected(log: list[Happening]) -> dict[tuple[str, str], list[Said]]:
    lives: dict[tuple[str, str], Life] = {}
    newest: dict[str, float] = {}
    for one in log:
        listed = one.product if one.product in POLICY.products else "default"
        definition = POLICY.products[listed]
        life = lives.setdefault((one.user, one.product), Life(one.user, definition.zone, definition.horizon_days))
        (life.complains if one.type in ("complain", "rate") else life.active)(one.at)
        newest[listed] = one.at
    return {
        (user, product): said
        for (user, product), life in lives.items()
        if (said := sweep(life, newest[product if product in POLICY.products else "default"]))
    }


def told(warning: Warning) -> Said:
    assert warning.evidence is not None
    at = warning.at.timestamp()
    if warning.level is Level.RECOVERED:
        return Said("recovered", at, -1, (), -1, -1)
    last = (warning.evidence.last_occasion - date(1970, 1, 1)).days
    parts = tuple(warning.parts[part] for part in PARTS)
    return Said(warning.level.value, at, warning.index, parts, warning.threshold, last)


def without_last(said: Said) -> Said:
    return said if said.level != "recovered" else Said("recovered", said.at, -1, (), -1, -1)


@COMMON
@given(logs())
def test_every_warning_agrees_with_a_daily_sweep_over_raw_events(log: list[Happening]) -> None:
    """Deadlines, index, parts, thresholds, baseline, cool-down, re-arming and recovery: all as the slow reference."""
    heard: dict[tuple[str, str], list[Said]] = {}
    for warning in run(log).warnings():
        heard.setdefault((warning.user_id, warning.product), []).append(told(warning))
    assert heard == {who: [without_last(one) for one in said] for who, said in expected(log).items()}


# --- Against itself ---------------------------------------------------------------------------------------------------


@st.composite
def untidy(draw: st.DrawFn) -> list[Happening]:
    """A log as it really comes: some events out of order, late by up to two days, some twice, some of no meaning."""
    log = draw(logs())
    for place in draw(st.lists(st.integers(0, len(log) - 1), max_size=8)):
        moved = log[place]._replace(
            at=log[place].at - draw(st.sampled_from([30, 61, 3_600, DAY, 2 * DAY])), id=f"late{place}"
        )
        log.insert(place, moved)
        if draw(st.booleans()):
            log.insert(place + 1, moved)
    return log


@COMMON
@given(untidy(), st.lists(st.integers(0, 120), max_size=6))
def test_facts_do_not_depend_on_how_a_log_is_cut_into_batches(log: list[Happening], cuts: list[int]) -> None:
    cuts = [cut for cut in cuts if cut < len(log)]
    whole, cut = run(log), run(log, cuts)
    assert cut.facts == whole.facts
    assert (cut.memo, cut.tally) == (whole.memo, whole.tally)
    assert read(cut) == read(whole)


@COMMON
@given(untidy(), st.lists(st.integers(1, 120), min_size=1, max_size=6))
def test_opening_anew_anywhere_changes_nothing(log: list[Happening], restarts: list[int]) -> None:
    restarts = [restart for restart in restarts if restart < len(log)]
    whole, restarted = run(log), run(log, restarts=restarts)
    assert restarted.facts == whole.facts
    assert read(restarted) == read(whole)


def read(one: Run) -> dict[bytes, State]:
    """States, without the due times: those may be early, and how early does depend on the cuts."""
    return {key: unpack(key, record) for key, record in one.table.items()}


@COMMON
@given(logs(), st.integers(1, 400))
def test_the_facts_of_a_log_cut_short_are_the_first_facts_of_the_whole(log: list[Happening], length: int) -> None:
    whole, short = run(log).facts, run(log[:length]).facts
    assert whole[: len(short)] == short


@COMMON
@given(logs(), st.data())
def test_a_duplicate_within_the_last_16_events_changes_nothing(log: list[Happening], data: st.DataObject) -> None:
    log = [one._replace(id=f"e{number}") for number, one in enumerate(log)]
    place = data.draw(st.integers(0, len(log) - 1))
    who = [n for n, one in enumerate(log) if one[1:3] == log[place][1:3] and n >= place]
    again = data.draw(st.sampled_from(who[:16]))
    doubled = [*log[: again + 1], log[place], *log[again + 1 :]]
    once, twice = run(log), run(doubled)
    assert twice.facts == once.facts
    assert read(twice) == read(once)
    assert twice.tally.get("duplicate", 0) + twice.tally.get("too_late", 0) == 1


@COMMON
@given(untidy())
def test_a_recovery_follows_every_warned_silence_that_ends_and_nothing_else(log: list[Happening]) -> None:
    open_warning: dict[tuple[str, str], Warning] = {}
    for warning in run(log).warnings():
        who = (warning.user_id, warning.product)
        before = open_warning.pop(who, None)
        if warning.level is Level.RECOVERED:
            assert before is not None
            assert (warning.clears, warning.episode, warning.cause) == (before.id, before.episode, "returned")
            assert warning.at >= before.at
        else:
            assert before is None or (before.level, warning.level) == (Level.RISK, Level.CRITICAL)
            assert before is None or before.episode == warning.episode
            open_warning[who] = warning


@COMMON
@given(untidy())
def test_a_warning_is_exact_in_itself(log: list[Happening]) -> None:
    """Parts sum to what the index lacks, the index is under its threshold, an id is given once, a cool-down is kept."""
    warnings, ids = run(log).warnings(), set[str]()
    for warning in warnings:
        assert 0 <= warning.index <= 100_000
        assert sum(warning.parts.values()) == 100_000 - warning.index
        assert min(warning.parts.values()) >= 0
        assert warning.id not in ids
        ids.add(warning.id)
        if warning.level is not Level.RECOVERED:
            assert warning.index <= warning.threshold
    for user, product, level in {(one.user_id, one.product, one.level) for one in warnings}:
        if level is not Level.RECOVERED:
            same = sorted(w.at for w in warnings if (w.user_id, w.product, w.level) == (user, product, level))
            assert all(b - a > timedelta(days=27) for a, b in pairwise(same)), "28 days, less an hour of clock change"


# --- One silence ------------------------------------------------------------------------------------------------------

COUNTS = st.lists(st.floats(0, 1e6), min_size=BINS, max_size=BINS)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    exposure, shares = draw(COUNTS), draw(st.lists(st.floats(0, 3), min_size=BINS, max_size=BINS))
    return Curve.fit(exposure, [seen * share for seen, share in zip(exposure, shares, strict=True)])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    shape, weights = draw(st.floats(0.3, 5)), draw(st.tuples(*[st.floats(0, 1)] * 3))
    learned = (draw(curves()), draw(curves()), draw(curves()))
    return Snapshot(
        "drawn", 1, shape, shape / draw(st.floats(0.01, 2)), draw(st.floats(0.3, 1)), learned, weights, False
    )


@st.composite
def states(draw: st.DrawFn) -> State:
    """A state that a life can leave."""
    days = sorted(draw(st.lists(st.integers(20_000, 20_400), min_size=1, max_size=25, unique=True)))
    state = State()
    for day in days:
        occasion(state, day, Population(), LevelRule(POLICY.warnings), 28)
        state.today = draw(st.sampled_from([1, 2, 50]))
        if draw(st.integers(0, 9)) == 0:
            state.negatives += 1
    return state


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), st.integers(2, 400), st.floats(0, 800), st.floats(0, 800))
def test_longer_silence_never_raises_the_index(
    state: State, snapshot: Snapshot, horizon: int, one: float, other: float
) -> None:
    silence = Silence(state, snapshot, horizon)
    shorter, longer = sorted((one, other))
    assert silence.reach(longer) >= silence.reach(shorter) - 1e-12
    assert silence.thousandths(longer) <= silence.thousandths(shorter)
    assert 0 <= silence.index(longer) <= 100


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), st.integers(2, 400), st.floats(0, 800))
def test_parts_sum_to_what_the_index_lacks(state: State, snapshot: Snapshot, horizon: int, silent: float) -> None:
    silence = Silence(state, snapshot, horizon)
    parts = silence.parts(silent)
    assert sum(parts.values()) == 100_000 - silence.thousandths(silent)
    assert all(part >= 0 for part in parts.values())
    assert {c for c in (Component.TREND, Component.DEPTH, Component.EXPERIENCE) if parts[c]} <= {
        c
        for c, flag in zip((Component.TREND, Component.DEPTH, Component.EXPERIENCE), silence.flags, strict=True)
        if flag
    }


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), st.integers(2, 400), st.floats(1, 99))
def test_the_cheap_bound_is_never_late(state: State, snapshot: Snapshot, horizon: int, index: float) -> None:
    """No whole day before the bound has an index at or under the one asked for."""
    silence = Silence(state, snapshot, horizon)
    bound = int(silence.earliest(index + 0.001))
    assert all(silence.thousandths(day) > round(index * 1000) for day in range(bound))


@COMMON
@given(curves(), st.floats(0, 100))
def test_a_fitted_curve_falls_and_its_inverse_inverts(curve: Curve, z: float) -> None:
    assert all(before >= after for before, after in pairwise(curve.hazard))
    assume(curve.hazard[-1] > 1e-6)
    assert abs(curve.reached(curve.cumulative(z)) - z) <= 1e-6 * max(1.0, z)


@COMMON
@given(states(), st.integers(0, 2**32 - 1))
def test_a_state_survives_its_record_and_stays_small(state: State, due: int) -> None:
    state.seen, state.complaints = bytes(range(128)), [2**32 - 1] * 4
    record = pack(state, due)
    assert unpack(b"k", record) == state
    assert len(record) <= 400


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_keys_of_different_users_or_products_differ(user: str, product: str, other: str, another: str) -> None:
    assert user_and_product(key_of(user, product)) == (user, product)
    assert (key_of(user, product) == key_of(other, another)) == ((user, product) == (other, another))


@COMMON
@given(
    states(),
    st.integers(1, 60),
    st.lists(st.sampled_from(["visit", "complain", "rate"]), min_size=2, max_size=8),
    st.data(),
)
@example(State(first=20_000, last=20_000, today=1), 3, ["complain", "visit"], None)
def test_order_of_events_in_a_day_does_not_matter(
    state: State, gap: int, types: list[str], data: st.DataObject | None
) -> None:
    """Whatever order a day's events come in, they leave one state, and so one future."""
    shuffled = data.draw(st.permutations(types)) if data else types[::-1]
    straight, crossed = day_of(state, gap, types), day_of(state, gap, shuffled)
    for field in ("negatives", "negatives_since"):
        one, other = getattr(straight, field), getattr(crossed, field)
        assert abs(one - other) < 1e-9
        setattr(crossed, field, one)
    straight.complaints.sort()
    crossed.complaints.sort()
    assert straight == crossed


def day_of(state: State, gap: int, types: Sequence[str]) -> State:
    """The state after a day ``gap`` days later, on which these events happen, named by type and number."""
    after, population, day = unpack(b"k", pack(state)), Population(), state.last + gap
    numbered = sorted(types)
    for type in types:
        name = f"{type}{numbered.index(type)}"
        numbered[numbered.index(type)] = ""
        event = Event(name, "laws", type, NOW, "u", "shop", {"score": 1})
        if type != "visit":
            felt(after, POLICY.events[type], event, day, population)
        elif after.last == day:
            after.today += 1
        else:
            occasion(after, day, population, LevelRule(POLICY.warnings), 28)
    return after


@given(st.integers(1, 500), st.integers(1, 40))
def test_more_events_in_a_day_never_make_use_look_shallower(events: int, repeats: int) -> None:
    """So a deadline reckoned at a day's first event is not late after its last one."""
    fast, slow = deepened(1.0, 1.5, events, repeats)
    more_fast, more_slow = deepened(1.0, 1.5, events + 1, repeats)
    was_shallow, is_shallow = ((f + 1) / (s + 1) < 0.7408182 for f, s in ((fast, slow), (more_fast, more_slow)))
    assert was_shallow or not is_shallow


def test_the_edges_are_32_bins_of_surprise() -> None:
    assert (len(EDGES), EDGES[0], EDGES[1], round(EDGES[-1], 9)) == (32, 0.0, 0.02, 40.0)
