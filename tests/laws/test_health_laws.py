"""What is true of the health role for every log: against a slow reference, and itself cut, shuffled or restarted."""

from datetime import date, timedelta
from itertools import pairwise
from unittest.mock import patch

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.warning import Component, Level, Warning
from streams.health.learning import refit
from tests.laws import reference_learning
from tests.laws.health_story import COMMON, DAY, POLICY, STARTS, Happening, logs, read, run, towns, untidy
from tests.laws.reference import Lane, Said

PARTS = (Component.FREQUENCY, Component.SILENCE, Component.TREND, Component.DEPTH, Component.EXPERIENCE)


def expected(log: list[Happening]) -> dict[tuple[str, str], list[Said]]:
    """What must be said of whom, by product."""
    lanes = {name: Lane(definition.zone, definition.horizon_days) for name, definition in POLICY.products.items()}
    for one in log:
        lane = lanes[one.product if one.product in lanes else "default"]
        if one.type == "nothing":
            lane.came(one.at)
        else:
            lane.event((one.user, one.product), one.at, one.type == "visit")
    return {who: said for lane in lanes.values() for who, said in lane.said.items()}


def told(warning: Warning) -> Said:
    assert warning.evidence is not None
    at = warning.at.timestamp()
    if warning.level is Level.RECOVERED:
        return Said("recovered", at, -1, (), -1, -1)
    last = (warning.evidence.last_occasion - date(1970, 1, 1)).days
    parts = tuple(warning.parts[part] for part in PARTS)
    return Said(warning.level.value, at, warning.index, parts, warning.threshold, last, warning.snapshot)


def agrees(log: list[Happening]) -> None:
    heard: dict[tuple[str, str], list[Said]] = {}
    for warning in run(log).warnings():
        heard.setdefault((warning.user_id, warning.product), []).append(told(warning))
    assert heard == expected(log)


@COMMON
@given(logs())
def test_every_warning_agrees_with_a_daily_sweep_over_raw_events(log: list[Happening]) -> None:
    """Deadlines, index, parts, thresholds, baseline, cool-down, re-arming and recovery: all as the slow reference."""
    agrees(log)


@settings(COMMON, max_examples=10, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(towns())
def test_every_warning_agrees_while_curves_prior_weights_and_the_speed_of_time_are_learned(
    log: list[Happening],
) -> None:
    """Snapshots change in mid-silence, every week; a few users are enough to be learned from here."""
    with (
        patch.object(refit, "ENOUGH_USERS", 2),
        patch.object(reference_learning, "ENOUGH_USERS", 2),
    ):
        agrees(log)


# --- Against itself ---------------------------------------------------------------------------------------------------


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


def test_who_has_only_complained_is_not_learned_from_not_even_after_opening_anew() -> None:
    """Sums of a day do not depend on whether the sample was built or kept."""
    start = STARTS[0].timestamp()
    log = sorted(
        [Happening(start + day * DAY, "u", "shop", "visit") for day in range(8)]
        + [Happening(start + 1.5 * DAY, "grumbler", "shop", "complain")]
    )
    assert run(log, restarts=[5]).facts == run(log).facts


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
    assert twice.tally.get("event.duplicate", 0) + twice.tally.get("event.too_late", 0) == 1


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
