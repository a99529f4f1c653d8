"""A dead letter always fits, and says what it had to leave out."""

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reject import CUT, OBEYED, REQUEUED, RejectReason, refusal_of, requeued_headers
from streams.dead_letter import LETTER_BYTES, dead_letter
from streams.role import Fact
from tests.dispatching import Stood


def letter(record: Stood, *obeyed: str) -> Fact:
    return dead_letter(record, "app.events", 3, RejectReason.TOO_LARGE, "too many bytes", obeyed)


def size(fact: Fact) -> int:
    """On the wire."""
    return DefaultRecordBatchBuilder.size_of(fact.key, fact.value, list(fact.headers))


SMALL_OR_HUGE = st.integers(0, 40) | st.integers(200_000, 6_000_000)


@settings(max_examples=60, deadline=None)
@given(
    st.none() | SMALL_OR_HUGE,
    st.none() | SMALL_OR_HUGE,
    st.lists(st.tuples(SMALL_OR_HUGE, st.none() | SMALL_OR_HUGE), max_size=5),
)
def test_every_letter_fits_and_names_its_record(key, value, headers) -> None:
    """Of any key, value and headers."""
    own = tuple(("n" * name, None if text is None else b"t" * text) for name, text in headers)
    parts = (None if count is None else byte * count for byte, count in ((b"k", key), (b"v", value)))
    made = letter(Stood(7, 9, *parts, own))
    assert size(made) <= LETTER_BYTES
    refusal = refusal_of(made.headers)
    assert refusal is not None
    assert (refusal.topic, refusal.partition, refusal.offset, refusal.timestamp) == ("app.events", 3, 7, 9)


def test_headers_are_counted_with_their_frames() -> None:
    """Two million headers without name and value counted as nothing: a letter of 4 MB stopped the partition."""
    made = letter(Stood(7, 9, b"u1", b"v", (("", b""),) * 2_000_000))
    assert size(made) <= LETTER_BYTES
    assert dict(made.headers)[CUT] == b"headers=20000000"


def test_a_record_that_fits_is_kept_as_it_came() -> None:
    made = letter(Stood(7, 9, b"u1", b"x" * 200_000, (("a", b"b"),)))
    assert (made.key, made.value, made.headers[0]) == (b"u1", b"x" * 200_000, ("a", b"b"))
    assert CUT not in dict(made.headers)


def test_the_value_is_cut_first_then_the_headers_then_the_key() -> None:
    """The header has the bytes that each of them had."""
    made = letter(Stood(7, 9, b"u1", b"v" * 5_000_000, (("a", b"b"),)))
    assert (made.key, made.headers[0], dict(made.headers)[CUT]) == (b"u1", ("a", b"b"), b"value=5000000")
    made = letter(Stood(7, 9, b"u1", b"v", (("a", b"b" * 10), ("c", b"d" * 300_000))))
    assert (made.key, made.value, made.headers[0]) == (b"u1", b"v", ("a", b"b" * 10))
    assert dict(made.headers)[CUT] == b"headers=300032"
    made = letter(Stood(7, 9, b"k" * 400_000, b"v", ()))
    assert (made.key or b"")[:7] == b"sha256:"
    assert dict(made.headers)[CUT] == b"key=400000"


def test_a_requeued_record_carries_nothing_of_its_letter() -> None:
    """Nor does the letter of a requeued record speak of an earlier refusal."""
    made = letter(Stood(7, 9, b"u1", b"v" * 5_000_000, (("a", b"b"),)), "consent.push=false")
    assert dict(made.headers)[OBEYED] == b"consent.push=false"
    again = requeued_headers(made.headers, 3, 17)
    assert again == (("a", b"b"), (REQUEUED, b"3:17"))
    small = letter(Stood(8, 9, b"u1", b"v", made.headers))
    assert {CUT, OBEYED}.isdisjoint(dict(small.headers))
