"""True of every log an app may send, tidy or not: each record counts once, products do not mix (A3, A4)."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as kafkas
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy import Rejects
from schemas.warning import Warning
from streams.health.learning import lesson
from streams.health.rejects import Kept, Move, Rejections
from streams.health.state import State, ending
from streams.partitioner import REMEMBERED, Partitioner, Placement, home, murmur2
from tests.laws.health_story import COMMON, DAY, POLICY, Happening, Run, Sent, logs, read, run, sent, untidy

CUTS = st.lists(st.integers(0, 200), max_size=6)


@COMMON
@given(untidy(), st.data(), CUTS)
def test_what_comes_again_within_a_users_last_16_changes_nothing_wherever_it_is_cut(
    log: list[Happening], data: st.DataObject, cuts: list[int]
) -> None:
    """Any events, several of them, each again once, a little or much later, in any order among themselves."""
    log = [one._replace(id=f"e{number}") for number, one in enumerate(log)]  # each has its own
    doubled: list[tuple[Happening, bool]] = [(one, False) for one in log]
    for number in data.draw(st.lists(st.integers(0, len(log) - 1), max_size=5, unique=True)):
        one = log[number]
        first = next(place for place, (other, again) in enumerate(doubled) if other is one and not again)
        mine = [p for p, (other, _) in enumerate(doubled) if p >= first and other[1:3] == one[1:3]]
        place = data.draw(st.integers(first, mine[: 16 - 5][-1])) + 1
        doubled.insert(place, (one, True))
    records = [one for one, _again in doubled]
    once, twice = run(log), run(records, [cut for cut in cuts if cut < len(records)])
    assert twice.facts == once.facts
    assert read(twice) == read(once)
    assert twice.tally.get("event.applied") == once.tally.get("event.applied")
    assert sum(twice.tally.values()) - sum(once.tally.values()) == len(records) - len(log)


@COMMON
@given(logs(), st.data(), CUTS)
def test_an_event_that_is_too_late_or_of_a_day_that_is_over_changes_nothing(
    log: list[Happening], data: st.DataObject, cuts: list[int]
) -> None:
    """Not even its id is kept: it would push out another."""
    log, place = named(log), data.draw(st.integers(1, len(log)))
    like = log[:place][-data.draw(st.integers(1, min(place, 9)))]
    behind = data.draw(st.one_of(st.sampled_from([3_600, DAY // 2, DAY - 1, DAY]), st.integers(1, 3 * DAY)))
    late = like._replace(at=like.at - behind, id="late", type="visit")
    more = [*log[:place], late, *log[place:]]
    without, with_ = run(log), run(more, [cut for cut in cuts if cut < len(more)])
    before, after = without.tally, Counter(with_.tally)
    after.subtract(before)
    newest = max(one.at for one in log[:place] if lane(one) == lane(late))
    if newest - late.at > DAY + 60 + 1:
        assert after["event.too_late"] == 1
    if after["event.too_late"] or after["event.late_day"]:
        assert (with_.facts, read(with_)) == (without.facts, read(without))
    assert sum(after[f"event.{name}"] for name in ("applied", "too_late", "late_day")) == 1


def lane(one: Happening) -> str:
    return one.product if one.product in POLICY.products else "default"


@COMMON
@given(logs(), st.data())
def test_a_complaint_of_a_day_that_is_over_counts_and_does_so_once(log: list[Happening], data: st.DataObject) -> None:
    """Where a low score is an activity, too, one that comes late leaves the occasions and is felt all the same."""
    log = named(log)
    visits = [place for place, one in enumerate(log) if one.type == "visit" and one.user != "zed"]
    like = log[data.draw(st.sampled_from(visits))]
    end = next(place for place, one in enumerate(log) if one.user == "zed")
    late = like._replace(at=like.at - DAY, id="late", type="rate", product="rated")
    mine = [one._replace(product="rated") for one in log[:end] if one[1:3] == like[1:3] and one.at >= like.at][:10]
    one = run(mine)
    once, twice = run([*mine, late]), run([*mine, late, late])
    [(key, before)], [(_, after)] = read(one).items(), read(once).items()
    if once.tally.get("event.late_day", 0) == 0:
        return  # it was too late
    assert (after.first, after.last, after.repeats, after.today) == (
        before.first,
        before.last,
        before.repeats,
        before.today,
    )
    assert after.negatives + after.negatives_since > before.negatives + before.negatives_since
    assert (read(twice), twice.facts) == (read(once), once.facts)
    assert (key, twice.tally["event.duplicate"]) == (next(iter(read(twice))), 1)


SPOILT = st.sampled_from(
    [b"", b"{", b"[]", b"\xff", b'{"id": 1}', None]
    + [json.dumps({"id": "1", "source": "s", "type": "visit", "time": t, "user_id": "a"}).encode()
       for t in ("2026-03-01T00:00:00", "1926-03-01T00:00:00Z", "2096-03-01T00:00:00Z", "soon")]
)  # fmt: skip


@COMMON
@given(untidy(), st.lists(st.tuples(st.integers(0, 200), SPOILT), max_size=12), CUTS)
def test_every_record_has_one_outcome_and_every_refused_one_a_reason_and_a_letter(
    log: list[Happening], spoilt: list[tuple[int, bytes | None]], cuts: list[int]
) -> None:
    records: list[Any] = [sent(0, one) for one in log]
    for place, value in spoilt:
        records.insert(place, Sent(0, int(log[0].at * 1000), b"a", value))  # type: ignore[arg-type]
    records = [record._replace(offset=offset) for offset, record in enumerate(records)]
    one = Run()
    bounds = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    for first, until in pairwise(bounds):
        one.work(records[first:until])
    outcomes = {name: count for name, count in one.tally.items() if name.startswith("event.")}
    reasons = {name: count for name, count in one.tally.items() if name.startswith("reject.")}
    letters = [fact for fact in one.facts if fact.topic == "app.events-dlt"]
    assert sum(outcomes.values()) == len(records)
    assert sum(reasons.values()) == outcomes.get("event.rejected", 0) == len(letters) == len(spoilt)


@COMMON
@given(untidy())
def test_products_do_not_touch_each_other(log: list[Happening]) -> None:
    """What is said of a product, and kept of its users, is what its own events alone would leave."""
    log = named(log)
    whole, parts = run(log), dict[bytes, State]()
    for name in {lane(one) for one in log}:
        alone = run([one for one in log if lane(one) == name])
        assert [w for w in whole.warnings() if listed(w) == name] == alone.warnings()
        parts |= read(alone)
    assert read(whole) == parts


@COMMON
@given(untidy())
def test_a_users_products_are_lives_of_their_own_though_they_share_ids_and_no_table_of_the_policy(
    log: list[Happening],
) -> None:
    """Everything that is done in one unlisted product is done in another one, too: both come to the same.

    They teach together, so that a season would be surer of twice as many users: here there is none.
    """
    one = [each._replace(product="one") for each in named(log)]
    with patch.object(lesson, "SETTLED_DAYS", 10**6):
        whole, alone = run([also for each in one for also in (each, each._replace(product="other"))]), run(one)
    for product in ("one", "other"):
        mine = {key: state for key, state in read(whole).items() if key.endswith(ending(product))}
        assert list(mine.values()) == list(read(alone).values())
        said = [(w.user_id, w.level, w.at, w.index) for w in whole.warnings() if w.product == product]
        assert sorted(said) == sorted((w.user_id, w.level, w.at, w.index) for w in alone.warnings())
    assert len(read(whole)) == 2 * len(read(alone))


def named(log: list[Happening]) -> list[Happening]:
    """The log with an id for each event that has none: it stays its own when others come before it."""
    return [one._replace(id=one.id or f"n{number}") for number, one in enumerate(log)]


def listed(warning: Warning) -> str:
    return warning.product if warning.product in POLICY.products else "default"


# --- Where a record belongs -------------------------------------------------------------------------------------------


@given(st.binary(max_size=80), st.integers(1, 10_000))
def test_murmur2_is_kafkas_own(key: bytes, partitions: int) -> None:
    assert murmur2(key) == kafkas(key) & 0xFFFF_FFFF
    assert Placement(partitions).of(key) == DefaultPartitioner()(key, list(range(partitions)), [])


@given(st.binary(max_size=30), st.integers(1, 50), st.sampled_from(Partitioner))
def test_a_key_is_at_home_in_one_partition_however_often_it_is_asked(
    key: bytes, partitions: int, partitioner: Partitioner
) -> None:
    placement = Placement(partitions, partitioner)
    for number in range(partitions):
        has = home(placement, number)
        assert has(key) == has(key) == (number == placement.of(key))


def test_a_partition_forgets_keys_and_is_right_all_the_same() -> None:
    has = home(Placement(2), 1)
    keys = [b"u%d" % number for number in range(3 * REMEMBERED)]
    assert [has(key) for key in keys] == [has(key) for key in keys] == [Placement(2).of(key) == 1 for key in keys]


# --- The reject limit -------------------------------------------------------------------------------------------------

LIMITS = st.builds(
    lambda limit, clear, half, least: Rejects(
        limit=limit, clear=limit * clear, window_records=2 * half, min_records=min(least, half), stop=False
    ),
    st.sampled_from([0.05, 0.2, 0.5, 0.9]),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.integers(5, 40),
    st.integers(1, 40),
)


@given(LIMITS, st.lists(st.booleans(), max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_a_limit_is_passed_and_cleared_alike_however_records_are_cut(
    policy: Rejects, refused: list[bool], cuts: list[int]
) -> None:
    """In one count, in some, and one by one: the same moves, and the same is kept."""

    def counted(bounds: list[int]) -> tuple[list[Move], Kept]:
        guard, moves = Rejections(policy, 0, Kept()), list[Move]()
        for first, until in pairwise(bounds):
            moves += guard.count(until - first, [n for n, bad in enumerate(refused[first:until]) if bad])
        return moves, guard.kept

    singly = counted(list(range(len(refused) + 1)))
    assert counted(sorted({0, len(refused), *(cut for cut in cuts if cut < len(refused))})) == singly
    assert counted([0, len(refused)]) == singly


@given(st.lists(st.booleans(), max_size=300))
def test_every_record_counts_once_against_the_limit(refused: list[bool]) -> None:
    guard = Rejections(Rejects(), 0, Kept())
    guard.count(len(refused), [n for n, bad in enumerate(refused) if bad])
    assert (guard.kept.records, guard.kept.refused) == (len(refused), sum(refused))


@given(LIMITS, st.lists(st.booleans(), max_size=300))
def test_a_limit_is_passed_and_cleared_in_turn(policy: Rejects, refused: list[bool]) -> None:
    guard = Rejections(policy, 0, Kept())
    moves = guard.count(len(refused), [n for n, bad in enumerate(refused) if bad])
    assert moves == [Move.PASSED, Move.CLEARED] * (len(moves) // 2) + [Move.PASSED] * (len(moves) % 2)
    assert guard.kept.over == bool(len(moves) % 2)
    assert 0 <= guard.kept.refused <= guard.kept.records < policy.window_records
