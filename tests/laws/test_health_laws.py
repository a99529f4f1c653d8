"""What is true of the health role for every log: against a slow reference, and itself cut, shuffled or restarted."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from unittest.mock import patch

from hypothesis import Phase, given
from hypothesis import strategies as st

from schemas.ids import episode_id
from schemas.policy import Product
from schemas.population import PopulationDay
from schemas.stage import StageChange
from schemas.warning import Component, Level, Stage, Warning
from streams.health.days import day_of
from streams.health.learning import refit
from streams.health.learning.book import reserved
from streams.health.learning.population import Population
from tests.cases import cases
from tests.laws import reference_learning
from tests.laws.health_story import COMMON, DAY, POLICY, STARTS, Happening, logs, read, run, towns, untidy
from tests.laws.reference import EPOCH, Lane
from tests.laws.reference_life import Said

LEVELS = (Level.WATCH, Level.RISK, Level.CRITICAL)
CAUSES = ("returned", "settled", "key_behaviour", "use_recovered", "cooled_down")
PARTS = (Component.FREQUENCY, Component.SILENCE, Component.TREND, Component.DEPTH, Component.EXPERIENCE)


def lane(definition: Product) -> Lane:
    """The slow reference of a product."""
    lives = []
    for life in (definition.life.new, definition.life.growing, definition.life.settled):
        factors = (life.weights.use_trend, life.weights.depth_of_use, life.weights.bad_experience)
        lives.append((life.horizon_days or definition.horizon_days, factors))
    return Lane(definition.zone, definition.horizon_days, tuple(lives))


def expected(log: list[Happening]) -> dict[tuple[str, str], list[Said]]:
    """What must be said of whom, by product."""
    lanes = {name: lane(definition) for name, definition in POLICY.products.items()}
    for one in log:
        where = lanes[one.product if one.product in lanes else "default"]
        if one.type == "nothing":
            where.came(one.at)
        else:
            where.event((one.user, one.product), one.at, one.type)
    return {who: said for each in lanes.values() for who, said in each.said.items()}


def told(message: Warning | StageChange) -> Said:
    at = message.at.timestamp()
    if isinstance(message, StageChange):
        return Said(f"{message.before}>{message.to}", at, -1, (), -1, -1)
    assert message.evidence is not None
    if message.level is Level.RECOVERED:
        return Said("recovered", at, -1, (), -1, -1, str(message.cause))
    last = (message.evidence.last_occasion - date(1970, 1, 1)).days
    parts = tuple(message.parts[part] for part in PARTS)
    said = (message.level.value, at, message.index, parts, message.threshold, last, message.snapshot)
    return Said(*said, message.rules)


def in_words(who: tuple[str, str], said: list[Said]) -> list[tuple[str, Said]]:
    """What must be said, with the name of its episode."""
    return [(episode_id(*who, EPOCH + timedelta(days=one.since)), replace(one, since=-1)) for one in said]


def agrees(log: list[Happening]) -> None:
    heard: dict[tuple[str, str], list[tuple[str, Said]]] = {}
    for message in run(log).said():
        heard.setdefault((message.user_id, message.product), []).append((message.episode, told(message)))
    assert heard == {who: in_words(who, said) for who, said in expected(log).items()}


@COMMON
@given(logs())
def test_every_warning_agrees_with_a_daily_sweep_over_raw_events(log: list[Happening]) -> None:
    """Deadlines, index, parts, thresholds, baseline, cool-down, re-arming and recovery: all as the slow reference."""
    agrees(log)


@cases(10, phases=(Phase.explicit, Phase.reuse, Phase.generate))
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


def test_what_a_day_gives_cause_to_say_is_said_before_its_sums_are_told() -> None:
    """One event a day carries time on, so most looks fall due with the next day's: each is of its own day."""
    start, users = STARTS[0].timestamp(), [f"u{number}" for number in range(8)]
    log = [Happening(start + day * DAY, user, "default", "visit") for day in range(20) for user in users]
    log += [Happening(start + day * DAY + DAY // 2, "watchman", "default", "nothing") for day in range(60)]
    closed, warned = date.min, 0
    for fact in run(sorted(log)).facts:
        if fact.topic == PopulationDay.TOPIC and fact.value:
            closed = PopulationDay.decode(fact.value).day
        elif fact.topic == Warning.TOPIC and fact.value:
            warned += 1
            assert Warning.decode(fact.value).at.date() > closed
    assert warned >= len(users)


def test_a_look_that_falls_on_a_held_day_is_made_on_the_next() -> None:
    """Silence is put off by as many days as are held, and no more."""
    start = STARTS[0].timestamp()
    log = [Happening(start + day * DAY, "u", "default", "visit") for day in range(20)]
    log += [Happening(start + day * DAY + DAY - 1, "watchman", "default", "nothing") for day in range(60)]
    log.sort()
    due = run(log).warnings()[0].at
    with patch.object(Population, "held", property(lambda self: self.today == day_of(due.date()))):
        assert run(log).warnings()[0].at == due + timedelta(days=1)


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
def test_an_episode_rises_level_by_level_and_one_recovery_ends_it(log: list[Happening]) -> None:
    """A recovery names the highest warning of its own episode; no episode begins while another is open."""
    standing: dict[tuple[str, str], Warning] = {}
    for warning in run(log).warnings():
        who = (warning.user_id, warning.product)
        before = standing.pop(who, None)
        assert before is None or (before.episode, True) == (warning.episode, warning.at >= before.at)
        if warning.level is Level.RECOVERED:
            assert before is not None
            assert (warning.clears, warning.rules) == (before.id, ())
            assert warning.cause in CAUSES
        else:
            assert before is None or LEVELS.index(before.level) < LEVELS.index(warning.level)
            standing[who] = warning


@COMMON
@given(untidy())
def test_changes_of_stage_are_a_chain_in_order_of_time_and_each_has_a_name_of_its_own(log: list[Happening]) -> None:
    stood: dict[tuple[str, str], StageChange] = {}
    ids = set[str]()
    for change in run(log).said():
        if isinstance(change, StageChange):
            before = stood.get((change.user_id, change.product))
            assert change.before == (before.to if before else Stage.HEALTHY) != change.to
            assert before is None or before.at <= change.at
            assert change.id not in ids
            ids.add(change.id)
            stood[change.user_id, change.product] = change


@COMMON
@given(untidy())
def test_a_warning_is_exact_in_itself(log: list[Happening]) -> None:
    """Parts sum to what the index lacks, it is under its threshold where the index was asked, an id is given once."""
    warnings, ids = run(log).warnings(), set[str]()
    for warning in warnings:
        assert 0 <= warning.index <= 100_000
        assert sum(warning.parts.values()) == 100_000 - warning.index
        assert min(warning.parts.values()) >= 0
        assert warning.id not in ids
        ids.add(warning.id)
        if warning.rules == ("level",):
            assert warning.index <= warning.threshold
    for user, product, level in {(one.user_id, one.product, one.level) for one in warnings}:
        if level is not Level.RECOVERED:
            days = sorted(w.at for w in warnings if (w.user_id, w.product, w.level) == (user, product, level))
            assert all(b - a > timedelta(days=26) for a, b in pairwise(days)), "28 days, from any hour to any hour"


@COMMON
@given(untidy())
def test_a_state_is_at_most_400_bytes(log: list[Happening]) -> None:
    assert max(len(value) for key, value in run(log).table.items() if not reserved(key)) <= 400
