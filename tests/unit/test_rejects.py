"""The reject limit of one partition: when it is passed, when it stops, who lets it go on (A3)."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from schemas import topics
from schemas.control import Control, ControlKind
from schemas.policy import Intake, Policy, Product, Rejects, Role
from streams.health import HealthPartition, IntakeStopped, open_health
from streams.health.rejects import Kept, Move, Rejections
from streams.partitioner import Placement
from tests.unit.test_intake import NOON, NOON_MS, Sent, plain

LIMIT = Rejects(limit=0.5, clear=0.25, window_records=20, min_records=4, stop=True)
POLICY = Policy(
    name="t", products={"default": Product()}, events={"order": Role.PURCHASE}, intake=Intake(rejects=LIMIT)
)
BAD = Sent(b"{")


def good(number: int) -> Sent:
    return Sent(plain(id=f"e{number}", product="default"), timestamp=NOON_MS)


def word(target: str, kind: str = "intake", key: str | None = None) -> Sent:
    said = Control(kind=ControlKind(kind), target=target, who="ann", why="mended", at=NOON)
    return Sent(said.encode(), key=(key or said.key).encode())


class Run:
    """A partition opened anew for every transaction, as after a crash; what fails leaves no trace."""

    def __init__(self, policy: Policy = POLICY, number: int = 0) -> None:
        self.policy, self.number = policy, number
        self.table: dict[bytes, bytes] = {}
        self.memo: bytes | None = None
        self.tally: Counter[str] = Counter()
        self.letters = 0

    def transact(self, records: Sequence[Sent] = (), heard: Sequence[Sent] = ()) -> HealthPartition:
        partition = open_health(self.policy)(self.number, self.table, self.memo)
        assert isinstance(partition, HealthPartition)
        partition.hear(topics.CONTROL, heard, NOON)
        facts = partition.step(topics.EVENTS, records, NOON) if records else []
        settled = partition.settle()
        self.table |= {key: value for key, value in settled.writes.items() if value is not None}
        self.memo = settled.memo
        self.letters += sum(fact.topic == topics.DEAD_LETTERS for fact in facts)
        self.tally.update(partition.tally())
        return partition


def test_the_transaction_that_passes_the_limit_commits_and_the_next_one_with_records_stops() -> None:
    """Nothing is lost: what it refused stands on the dead-letter topic, ticks go on, and the error says what to do."""
    run = Run(number=3)
    run.transact([BAD] * 10)
    assert run.letters == 10
    run.transact()
    with pytest.raises(IntakeStopped, match=r"partition 3 .* 10 of the last 10 .*intake resume --partition 3 --why"):
        run.transact([good(1)])
    assert run.tally["intake.passed"] == run.tally["intake.stopped"] == 1


def test_several_topics_of_the_transaction_that_passes_the_limit_are_all_absorbed() -> None:
    """A stop in the middle would throw the transaction away and come again for ever."""
    partition = Run().transact()
    partition.step("app.events", [BAD] * 10, NOON)
    partition.step("web.events", [good(1)], NOON)
    partition.settle()
    with pytest.raises(IntakeStopped):
        partition.step("web.events", [good(2)], NOON)


@pytest.mark.parametrize("target", ["0", "*"])
def test_an_operators_word_lets_it_go_on_and_one_word_covers_one_bad_run(target: str) -> None:
    """More bad records of the same release do not stop it again; after a good time the next release does."""
    run = Run()
    run.transact([BAD] * 10)
    run.transact([BAD], heard=[word(target)])
    run.transact([BAD] * 50)
    assert run.transact([good(1)]).rejections.kept.over
    assert not run.transact([good(n) for n in range(40)]).rejections.kept.over
    run.transact([BAD] * 20)
    with pytest.raises(IntakeStopped):
        run.transact([good(2)])
    moves = {Move.PASSED: 2, Move.STOPPED: 2, Move.RESUMED: 1, Move.CLEARED: 1}
    assert {move: run.tally[f"intake.{move}"] for move in moves} == moves


def test_a_word_heard_in_a_transaction_that_failed_must_be_heard_again() -> None:
    """What is not settled has not happened: the partition opened anew is still stopped."""
    run = Run()
    run.transact([BAD] * 10)
    partition = open_health(POLICY)(0, run.table, run.memo)
    partition.hear(topics.CONTROL, [word("*")], NOON)
    with pytest.raises(IntakeStopped):
        run.transact([good(1)])
    run.transact([good(1)], heard=[word("*")])


@pytest.mark.parametrize(
    ("heard", "move"),
    [
        (word("1"), None),
        (Sent(None, key=b"intake/*"), None),
        (Sent(b"{", key=b"intake/*"), Move.UNREADABLE),
        (Sent(b"{}", key=b"intake/0"), Move.UNREADABLE),
        (word("1", key="intake/0"), Move.UNREADABLE),
        (Sent(b"{", key=b"breaker/sms"), None),
        (Sent(b"{", key=None), None),
    ],
    ids=["of another partition", "taken back", "no JSON", "no fields", "key of another", "of another kind", "no key"],
)
def test_what_is_no_word_for_this_partition_changes_nothing(heard: Sent, move: Move | None) -> None:
    run = Run()
    run.transact([BAD] * 10)
    run.transact(heard=[heard])
    with pytest.raises(IntakeStopped):
        run.transact([good(1)])
    assert [name for name in run.tally if name.startswith("intake.") and run.tally[name]] == [
        "intake.passed", "intake.stopped", *([f"intake.{move}"] if move else [])
    ]  # fmt: skip


def test_a_word_while_nothing_has_stopped_does_not_excuse_the_next_stop() -> None:
    run = Run()
    run.transact(heard=[word("*")])
    run.transact([BAD] * 10)
    with pytest.raises(IntakeStopped):
        run.transact([good(1)])
    assert run.tally["intake.unheeded"] == 1


def test_without_stop_the_limit_only_tells() -> None:
    run = Run(POLICY.model_copy(update={"intake": Intake(rejects=LIMIT.model_copy(update={"stop": False}))}))
    run.transact([BAD] * 10)
    assert run.transact([BAD] * 10).rejections.kept.over
    assert (run.tally["intake.passed"], run.tally["intake.stopped"]) == (1, 0)


def test_few_records_are_not_judged_and_a_ratio_at_the_limit_is_none_over_it() -> None:
    guard = Rejections(LIMIT, 0, Kept())
    assert guard.count(3, range(3)) == []
    assert guard.count(1, [0]) == [Move.PASSED]
    guard = Rejections(LIMIT, 0, Kept())
    assert guard.count(10, [1, 3, 5, 7, 9]) == []


def test_old_records_count_no_more() -> None:
    """Whatever came before, a window of bad records passes the limit, and a window of good ones clears it."""
    guard = Rejections(LIMIT, 0, Kept())
    guard.count(10_000, ())
    assert guard.count(20, range(20)) == [Move.PASSED]
    guard.count(10_000, range(10_000))
    assert guard.count(40, ()) == [Move.CLEARED]


def test_a_changed_policy_holds_from_its_first_record_on() -> None:
    """A narrower window counts right from the start, and a policy that stops nobody lets go whoever had stopped."""
    guard = Rejections(LIMIT, 0, Kept(records=900, refused=90))
    guard.count(3, [0])
    assert (guard.kept.records, guard.kept.refused) == (17, 2)
    told = Rejections(LIMIT.model_copy(update={"stop": False}), 0, Kept(20, 20, over=True, stopped=True))
    told.check()
    assert (told.kept.over, told.kept.stopped) == (True, False)


def test_a_record_in_a_partition_that_is_not_its_keys_is_refused_and_moves_no_time() -> None:
    """Its user's history stands elsewhere; here it would begin another one."""
    record = good(1)
    right = Placement(4).of(b"u1")
    for number in range(4):
        partition = open_health(POLICY, Placement(4))(number, {}, None)
        assert isinstance(partition, HealthPartition)
        facts = partition.step(topics.EVENTS, [record, record], NOON)
        tally = partition.tally()
        if number == right:
            assert (tally["event.applied"], tally["event.duplicate"], facts) == (1, 1, [])
        else:
            assert (tally["reject.wrong_partition"], tally["event.rejected"]) == (2, 2)
            assert json.loads(facts[0].value or b"") == json.loads(record.value or b"")
            assert (partition.pulses(), dict(partition.settle().writes)) == ({}, {})


def test_times_of_a_word_are_aware() -> None:
    with pytest.raises(ValueError, match="timezone"):
        Control(kind=ControlKind.INTAKE, target="*", who="a", why="b", at=datetime(2026, 1, 1))  # noqa: DTZ001 - meant
    assert Control(kind=ControlKind.INTAKE, target="*", who="a", why="b", at=datetime(2026, 1, 1, tzinfo=UTC)).ce_id
