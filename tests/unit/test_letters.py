"""Nothing in a letter stops the tools that list, show and send letters again."""

import json
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.cli.dlt import _json, _line, _show
from agents.dead_letters import Letter, Wanted, _letters, why_left
from schemas.reject import CUT, OBEYED, DeadLetterHeader, RejectReason, dead_letter_headers, refusal_of
from tests.dispatching import Stood

AGAIN = ("app.events", "churn.feedback")
NUMBERS = st.integers() | st.sampled_from((-1, 0, 10**30, -(10**30), 2**63 - 1, -(2**63), 253_402_300_800_000))
TEXTS = st.text().map(str.encode) | st.binary() | st.sampled_from((b"", b"\x1b[2J", b"\xff", "👍".encode()))
HEADERS = st.lists(st.tuples(st.text(), st.none() | TEXTS), max_size=4)


def headers_of(topic: str = "app.events", partition: int = 0, offset: int = 12, timestamp: int = 0) -> Any:
    return dead_letter_headers(
        (), reason=RejectReason.NOT_JSON, detail="line 1",
        topic=topic, partition=partition, offset=offset, timestamp=timestamp,
    )  # fmt: skip


def letter_of(*more: tuple[str, bytes], **place: Any) -> Letter:
    [letter] = _letters(3, [Stood(17, 0, b"u1", b"{", (*headers_of(**place), *more))])  # type: ignore[list-item]
    return letter


def shown_of(letter: Letter) -> str:
    with redirect_stdout(StringIO()) as shown:
        _show(letter, original=False)
    return shown.getvalue()


@given(NUMBERS, st.none() | TEXTS, st.none() | TEXTS, HEADERS, st.fixed_dictionaries({
    name.value: TEXTS if name in (DeadLetterHeader.REASON, DeadLetterHeader.DETAIL, DeadLetterHeader.TOPIC)
    else NUMBERS.map(lambda number: str(number).encode()) for name in DeadLetterHeader
}), st.dictionaries(st.sampled_from((CUT, OBEYED)), TEXTS))  # fmt: skip
@example(253_402_300_800_000, None, None, [], dict(headers_of(timestamp=10**30)), {})
def test_any_record_of_the_topic_is_listed_and_shown(timestamp, key, value, own, ours, of_some) -> None:
    """Times of the year 33658 and before 1 AD raised; a topic's or a reason's escape codes reached the terminal."""
    headers = (*own, *ours.items(), *of_some.items())
    for letter in _letters(0, [Stood(1, timestamp, key, value, headers)]):  # type: ignore[list-item]
        shown = shown_of(letter)
        assert all(each.isprintable() or each in "\n\t" for each in shown)
        assert "\n" not in _line(letter)
        assert json.loads(_json(letter, whole=True))["source"]["timestamp"] == letter.refusal.timestamp
        assert Wanted().has(letter)
    assert refusal_of(headers) is not None


def test_a_letter_before_1970_is_wanted_where_no_time_is_asked_for() -> None:
    """A record time of -1 means that there is none; such letters were never listed."""
    [letter] = _letters(0, [Stood(1, -1, None, None, headers_of())])  # type: ignore[list-item]
    assert Wanted().has(letter)
    assert not Wanted(since=datetime(1970, 1, 1, tzinfo=UTC)).has(letter)


def test_show_says_what_was_cut_and_what_was_obeyed() -> None:
    said = shown_of(letter_of((CUT, b"value=5242880"), (OBEYED, b"consent.push=false")))
    assert "cut          value=5242880: dlt show --original 3:17 reads the whole record\n" in said
    assert "obeyed       consent.push=false\n" in said
    plain = shown_of(letter_of())
    assert "cut  " not in plain
    assert "obeyed  " not in plain


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (letter_of((CUT, b"value=5242880")), "3:17 was cut (value=5242880); let the app send the record again, or read"
         " it with `churn-alerts dlt show --original 3:17`"),
        (letter_of((OBEYED, b"consent.push=false"), topic="churn.feedback"),
         "3:17 was obeyed in part (consent.push=false); let its writer send it mended, as a new record"),
        (letter_of(topic="user.profiles"),
         "3:17 is of user.profiles, where the newest record holds; let its writer send it"),
        (letter_of(topic="no.such"), "3:17 is of no.such, where the newest record holds; let its writer send it"),
    ],
)  # fmt: skip
def test_a_record_that_is_not_whole_or_was_obeyed_is_left(letter, why) -> None:
    assert f"{letter.place} {why_left(letter, AGAIN)}" == why


def test_other_records_are_sent_again() -> None:
    assert [why_left(letter_of(topic=topic), AGAIN) for topic in AGAIN] == [None, None]


def test_a_record_without_key_and_value_is_left() -> None:
    """Other clients write such records, ours does not send them: one of them ended the command."""
    nothing = letter_of()._replace(key=None, value=None)
    assert why_left(nothing, AGAIN) == "has neither key nor value; there is nothing to send again"
    assert why_left(nothing._replace(value=b""), AGAIN) is None
