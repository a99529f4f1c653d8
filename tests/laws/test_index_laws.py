"""What is true of one silence and of what is kept of it, for every life and every snapshot a population may teach."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemas.warning import Component
from streams.health.experience import felt
from streams.health.index.components import deepened
from streams.health.index.curve import BINS, EDGES, Curve
from streams.health.index.index import Silence
from streams.health.index.outlook import Outlook
from streams.health.index.snapshot import START, Snapshot
from streams.health.learning.population import Population
from streams.health.occasion import occasion
from streams.health.rules.level import LevelRule
from streams.health.state import State, key_of, pack, unpack, user_and_product
from streams.intake import Event
from tests.laws.health_story import COMMON, NOW, POLICY

OUTLOOKS = st.builds(Outlook, st.integers(2, 400), st.tuples(*[st.floats(0, 5)] * 3))
COUNTS = st.lists(st.floats(0, 1e6), min_size=BINS, max_size=BINS)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    exposure, shares = draw(COUNTS), draw(st.lists(st.floats(0, 3), min_size=BINS, max_size=BINS))
    return Curve.fit(exposure, [seen * share for seen, share in zip(exposure, shares, strict=True)])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    shape, weights = draw(st.floats(0.3, 5)), draw(st.tuples(*[st.floats(0, 1)] * 3))
    learned = (draw(curves()), draw(curves()), draw(curves()))
    return Snapshot("drawn", 1, shape, shape / draw(st.floats(0.01, 2)), draw(st.floats(0.3, 1)), learned, weights)


@st.composite
def states(draw: st.DrawFn) -> State:
    """A state that a life can leave."""
    days = sorted(draw(st.lists(st.integers(20_000, 20_400), min_size=1, max_size=25, unique=True)))
    state = State()
    for day in days:
        occasion(state, day, Population(), LevelRule(POLICY.warnings))
        state.today = draw(st.sampled_from([1, 2, 50]))
        if draw(st.integers(0, 9)) == 0:
            state.negatives += 1
    return state


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), OUTLOOKS, st.floats(0, 800), st.floats(0, 800))
def test_longer_silence_never_raises_the_index(
    state: State, snapshot: Snapshot, outlook: Outlook, one: float, other: float
) -> None:
    silence = Silence(state, snapshot, outlook)
    shorter, longer = sorted((one, other))
    assert silence.reach(longer) >= silence.reach(shorter) - 1e-12
    assert silence.thousandths(longer) <= silence.thousandths(shorter)
    assert 0 <= silence.index(longer) <= 100


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), OUTLOOKS, st.floats(0, 800))
def test_parts_sum_to_what_the_index_lacks(state: State, snapshot: Snapshot, outlook: Outlook, silent: float) -> None:
    silence = Silence(state, snapshot, outlook)
    parts = silence.parts(silent)
    assert sum(parts.values()) == 100_000 - silence.thousandths(silent)
    assert all(part >= 0 for part in parts.values())
    assert {c for c in (Component.TREND, Component.DEPTH, Component.EXPERIENCE) if parts[c]} <= {
        c
        for c, flag in zip((Component.TREND, Component.DEPTH, Component.EXPERIENCE), silence.flags, strict=True)
        if flag
    }


@COMMON
@given(states(), st.one_of(st.just(START), snapshots()), OUTLOOKS, st.floats(1, 99))
def test_the_cheap_bound_is_never_late(state: State, snapshot: Snapshot, outlook: Outlook, index: float) -> None:
    """No whole day before the bound has an index at or under the one asked for."""
    silence = Silence(state, snapshot, outlook)
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
            felt(after, POLICY.events[type], event, day, population, POLICY.warnings.shock.low_score)
        elif after.last == day:
            after.today += 1
        else:
            occasion(after, day, population, LevelRule(POLICY.warnings))
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
