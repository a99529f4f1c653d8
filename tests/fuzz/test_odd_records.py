"""True whatever others write: each record has one outcome, nothing stands still, everybody else is served as ever."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas import topics
from schemas.control import Control
from schemas.decision import Decision
from schemas.events import Event
from schemas.feedback import Feedback
from schemas.profile import Profile
from schemas.reject import MISSING, RejectReason
from schemas.warning import Level, Warning
from streams.control import read_word
from streams.dispatch.incoming import Refused, read
from streams.intake import Intake, Reject
from tests.cases import cases
from tests.fuzz.culprits import fault, fewest, told
from tests.fuzz.play import Way, alone, fuzz, way
from tests.fuzz.records import Odd
from tests.fuzz.shapes import UNDERSTOOD, words
from tests.fuzz.town import LEAVERS, policy

RECORDS: Final = 200
"""Of a play; more make a fault no likelier to be found, and slower to be traced to its record."""
FEW, MANY = 25, 500  # plays: 5,000 records and 100,000


class Stood(NamedTuple):
    """A record on its topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Any


@cases(FEW, MANY, phases=(Phase.explicit, Phase.generate))
@given(st.integers(0, 2**64 - 1))
def test_each_odd_record_has_one_outcome_and_nobody_else_notices_it(seed: int) -> None:
    """In batches of any size, with and without opening anew; a fault names the fewest records that lead to it."""
    odd, how = fuzz(seed, RECORDS), way(seed)
    found = fault(odd, how)
    if found is not None:
        culprits = fewest(odd, how, found.kind)
        pytest.fail(f"{found.kind}\n{len(culprits)} records lead to it, {how}:\n{told(culprits)}\n{found.text}")


def test_the_town_lives_a_life_that_could_be_spoilt() -> None:
    """Most are warned of and written to, one who asked for silence is not, some come back; the same in every way."""
    whole = alone(Way())
    assert all(alone(replace(Way(), most=most, reopened=reopened)) == whole for most, reopened in ((1, None), (7, 3)))
    warned = [Warning.decode(value) for name in LEAVERS for _, value, _ in whole[f"{topics.WARNINGS}/{name}"]]
    assert {each.level for each in warned} >= {Level.RISK, Level.CRITICAL, Level.RECOVERED}
    decided = [Decision.decode(value) for name in LEAVERS for _, value, _ in whole[f"{topics.DECISIONS}/{name}"]]
    assert {(each.outcome, each.reason) for each in decided} >= {("sent", None), ("dropped", "silenced")}
    written = {name for name in LEAVERS if f"{topics.OUTBOUND}/{name}" in whole}
    assert written == {*LEAVERS} - {LEAVERS[0]}


@pytest.mark.parametrize("model", [Event, Profile, Feedback, Control])
def test_every_bound_of_a_schema_is_an_edge(model: type[BaseModel]) -> None:
    """What a schema comes to say of its values is tried, too. (Conditions of a control word are met by its kind.)"""
    said = words(model.model_json_schema())
    assert said - {"allOf"} <= UNDERSTOOD
    assert ("allOf" in said) == (model is Control)


def test_odd_records_are_neither_all_refused_nor_all_read() -> None:
    """Of every topic a good part is read, and of what is refused every reason occurs that a record can give."""
    read_of, reasons = defaultdict[str, list[bool]](list), set[RejectReason]()
    for seed in range(30):
        for each in (each for records in fuzz(seed, RECORDS).values() for each in records):
            why = refusal(each)
            reasons |= {why} if isinstance(why, RejectReason) else set()
            read_of[each.topic].append(why is None)
    assert {topic for topic, found in read_of.items() if 0.1 < sum(found) / len(found) < 0.9} >= {
        topics.EVENTS, topics.PROFILES, topics.FEEDBACK, topics.CONTROL,
    }  # fmt: skip
    assert reasons >= GIVEN_BY_A_RECORD


GIVEN_BY_A_RECORD: Final = {
    *MISSING.values(), RejectReason.TOO_LARGE, RejectReason.EMPTY, RejectReason.NOT_UTF8, RejectReason.NOT_JSON,
    RejectReason.NOT_AN_OBJECT, RejectReason.UNSUPPORTED_CONTENT_TYPE, RejectReason.WRONG_TYPE,
    RejectReason.UNREADABLE_TIME, RejectReason.NAIVE_TIME, RejectReason.ABSURD_TIME, RejectReason.TOO_EARLY,
    RejectReason.KEY_MISMATCH,
}  # fmt: skip
_READS: Final[dict[str, Callable[[Any], object]]] = {
    topics.EVENTS: Intake(policy()).read,
    topics.PROFILES: lambda record: record.value is not None and read(Profile, record, 262_144),
    topics.FEEDBACK: lambda record: read(Feedback, record, 262_144),
    topics.CONTROL: lambda record: Refused(RejectReason.EMPTY, "") if read_word(record).unreadable else record,
}


def refusal(each: Odd) -> RejectReason | None:
    """Why the door of its topic refuses a record, if it does."""
    if each.topic not in _READS:
        return None
    found = _READS[each.topic](Stood(0, each.timestamp, each.key, each.value, each.headers))
    return found.reason if isinstance(found, Reject | Refused) else None
