"""The fuzz can fail: a bug that a role could have turns it red, and the record that leads to it is named."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest

from schemas import topics
from schemas.control import Control, ControlKind
from streams.dispatch.orders import Orders
from streams.dispatch.partition import Dispatcher
from streams.dispatch.views import Views
from streams.health import HealthPartition
from streams.role import Fact
from tests.dispatching import warning
from tests.fuzz.culprits import fault, fewest
from tests.fuzz.play import Way, alone
from tests.fuzz.records import Odd, milliseconds
from tests.fuzz.town import DAYS, moments

KEYS: Final = tuple(f"odd-{number}".encode() for number in range(12))
SAID: Final = Control(
    kind=ControlKind.SILENCE, target="odd", who="ann", why="asked", at=moments()[19], until=moments()[-1]
)
WORD: Final = {20: [Odd(topics.CONTROL, b"silence/odd", SAID.encode(), 0), Odd(topics.CONTROL, b"tea", b"{", 0)]}
QUIET: Final = {20: [Odd(topics.FEEDBACK, b"odd", b"{", 0), Odd(topics.EVENTS, b"odd", b"{}", 0)]}


def raising(step: Any) -> Any:
    def bug(self: Any, topic: str, records: Any, now: Any) -> Any:
        if any(record.key == b"odd" for record in records):
            raise OverflowError("planted")
        return step(self, topic, records, now)

    return bug


def without_outcome(step: Any) -> Any:
    def bug(self: Any, topic: str, records: Any, now: Any) -> Any:
        return step(self, topic, [record for record in records if record.key != b"odd"], now)

    return bug


def with_two_letters(step: Any) -> Any:
    def bug(self: Any, topic: str, records: Any, now: Any) -> Iterable[Fact]:
        facts = list(step(self, topic, records, now))
        return facts + [fact for fact in facts if fact.topic == topics.DEAD_LETTERS]

    return bug


def without_letter(step: Any) -> Any:
    def bug(self: Any, topic: str, records: Any, now: Any) -> Iterable[Fact]:
        return [fact for fact in step(self, topic, records, now) if fact.topic != topics.DEAD_LETTERS]

    return bug


def with_a_large_letter(step: Any) -> Any:
    def bug(self: Any, topic: str, records: Any, now: Any) -> Iterable[Fact]:
        facts = step(self, topic, records, now)
        return [fact._replace(value=bytes(3_000_000)) if fact.topic == topics.DEAD_LETTERS else fact for fact in facts]

    return bug


def heedless_of_others(step: Any) -> Any:
    """After a record that is refused, the rest of its batch is taken for read."""

    def bug(self: Any, topic: str, records: Any, now: Any) -> Iterable[Fact]:
        facts = list(step(self, topic, records, now))
        lost = any(fact.topic == topics.DEAD_LETTERS for fact in facts)
        return [fact for fact in facts if fact.topic == topics.DEAD_LETTERS] if lost else facts

    return bug


def failing_at_odd(of: Any) -> Any:
    def bug(self: Any, user: str, *rest: Any, **more: Any) -> Any:
        if user == "odd":
            raise OverflowError("planted")
        return of(self, user, *rest, **more)

    return bug


def counting_twice(hear: Any) -> Any:
    def bug(self: Any, records: Any, now: Any) -> None:
        before = Counter(self.tally)
        hear(self, records, now)
        self.tally += self.tally - before

    return bug


def counting_nothing(hear: Any) -> Any:
    def bug(self: Any, records: Any, now: Any) -> None:
        before = Counter(self.tally)
        hear(self, records, now)
        self.tally &= before

    return bug


def counting_in_each_partition(hear: Any) -> Any:
    def bug(self: Any, records: Any, now: Any) -> None:
        before, count = Counter(self.tally), len(records)
        hear(self, records, now)
        self.tally = before + Counter({"control.silence.taken": count})

    return bug


BUGS: Final = (raising, without_outcome, with_two_letters, without_letter, with_a_large_letter)


@pytest.mark.parametrize("role", [Dispatcher, HealthPartition])
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_seen(role: type, bug: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever role has it; and of many records the one that leads to it is named."""
    assert fault(QUIET, Way()) is None
    monkeypatch.setattr(role, "step", bug(role.step))
    found = fault(QUIET, Way())
    assert found is not None
    [(_, culprit)] = fewest(QUIET, Way(), found.kind)
    assert culprit.topic == (topics.FEEDBACK if role is Dispatcher else topics.EVENTS)


def test_a_bug_that_touches_somebody_else_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record of the batch has its outcome and its letter; but a warning about another user is lost."""
    alone(Way())
    monkeypatch.setattr(HealthPartition, "step", heedless_of_others(HealthPartition.step))
    every = {place: [Odd(topics.EVENTS, key, b"{}", 0) for key in KEYS] for place in range(4 * DAYS)}
    found = fault(every, Way())
    assert found is not None
    assert found.kind.startswith("Differs")


@pytest.mark.parametrize("bug", [counting_twice, counting_nothing, counting_in_each_partition])
def test_a_word_that_is_not_counted_once_is_seen(bug: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where each partition is opened again and again."""
    for way in (Way(), Way(reopened=10)):
        assert fault(WORD, way) is None
    monkeypatch.setattr(Orders, "hear", bug(Orders.hear))
    for way in (Way(), Way(reopened=10)):
        found = fault(WORD, way)
        assert found is not None
        assert "control.silence.taken" in found.text


def test_a_user_whom_no_role_can_judge_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net puts them aside and everybody else is served; but no door has refused what led to it."""
    judged = warning("odd", at=moments()[80])
    warned = {81: [Odd(topics.WARNINGS, b"odd", judged.encode(), milliseconds(judged.at), judged.headers())]}
    assert fault(warned, Way()) is None
    monkeypatch.setattr(Views, "of", failing_at_odd(Views.of))
    found = fault(warned, Way())
    assert found is not None
    assert "nobody could judge ['odd']" in found.text
