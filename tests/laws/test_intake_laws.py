"""True of every record that an app may send: it is read or refused, never more; and it is read as the contract says."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.events import Event as Contract
from schemas.policy import Policy
from schemas.reject import RejectReason, dead_letter_headers
from streams.intake import CLOUDEVENT, Event, Intake, Reject

INTAKE = Intake(Policy(name="laws"))
FIELDS = ("id", "source", "type", "time", "user_id", "product", "properties")


class Sent(NamedTuple):
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    key: bytes | None = b"u1"
    timestamp: int = 4_102_444_800_000
    offset: int = 0


IDENTIFIER = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=OFFSETS)  # noqa: DTZ001 - zones are drawn
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), IDENTIFIER)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(IDENTIFIER, inner, max_size=3)
)
BODIES = st.fixed_dictionaries(
    {
        "id": IDENTIFIER,
        "source": IDENTIFIER,
        "type": IDENTIFIER,
        "time": TIMES.map(datetime.isoformat),
        "user_id": IDENTIFIER,
    },
    optional={"product": IDENTIFIER, "properties": st.dictionaries(IDENTIFIER, VALUES, max_size=4)},
)
NAMED = BODIES.filter(lambda body: not body["user_id"].startswith("\0"))
"""Bodies of events whose users may have such an id: one that begins with a NUL is refused on every topic."""
NAMES = st.one_of(
    st.sampled_from(["content-type", "ce_id", "ce_time", "ce_specversion", "ce_subject", "x"]), st.text(max_size=9)
)
CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"application/json", b"application/cloudevents+json", b"application/cloudevents", b"text/plain", b"\xff"]
    ),
)
JSONISH = st.one_of(VALUES, BODIES).map(lambda body: json.dumps(body).encode())
BYTES = st.one_of(st.none(), st.binary(max_size=200), JSONISH)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """An event with some of its bytes or fields spoilt."""
    body: dict[str, Any] = draw(BODIES)
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        body[field] = draw(VALUES)
    raw = bytearray(json.dumps(body, ensure_ascii=draw(st.booleans())).encode())
    for _ in range(draw(st.integers(0, 2))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))]) if draw(st.booleans()) else bytes(raw)


@given(
    st.one_of(BYTES, broken()),
    st.lists(st.tuples(NAMES, CONTENTS), max_size=5).map(tuple),
    st.one_of(st.none(), st.binary(max_size=9), st.just(b"u1")),
    st.integers(-1, 2**63 - 1),
)
@example(b'{"properties":' + b"[" * 100_000, (), b"u1", 0)
@example(b'{"properties":{"a":' + b"[" * 990 + b"]" * 990 + b"}}", (), b"u1", 0)
@example(b'{"id":' + b"9" * 5_000 + b"}", (), b"u1", 0)
@example(b'{"id":' + b"9" * 4_300 + b"}", (), b"u1", 0)
@example(b'{"id":"\\ud800"}', (), b"u1", 0)
def test_any_bytes_are_an_event_or_a_reason(
    value: bytes | None, headers: tuple[tuple[str, bytes], ...], key: bytes | None, timestamp: int
) -> None:
    sent = Sent(value, headers, key, timestamp)
    found = INTAKE.read(sent)
    assert isinstance(found, Event | Reject)
    if isinstance(found, Reject):
        letter = dead_letter_headers(
            headers, reason=found.reason, detail=found.detail, topic="t", partition=0, offset=0, timestamp=timestamp
        )
        assert letter[: -len(letter) + len(headers) or None] == headers
        assert found.detail
    else:
        assert found.user_id.encode() == key


@given(st.one_of(broken(), BODIES.map(lambda body: json.dumps(body).encode())), st.data())
def test_what_is_accepted_the_contract_accepts_and_reads_the_same(raw: bytes, data: st.DataObject) -> None:
    try:
        key = json.loads(raw)["user_id"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        key = b"u1"
    found = INTAKE.read(Sent(raw, key=key))
    if isinstance(found, Event):
        contract = Contract.decode(raw)
        assert [getattr(found, field) for field in FIELDS] == [getattr(contract, field) for field in FIELDS]


def forms(body: dict[str, Any]) -> tuple[Sent, ...]:
    """The same event in each form, plain JSON in two spellings."""
    key = body["user_id"].encode()
    cloud = {CLOUDEVENT[field]: value for field, value in body.items()} | {"specversion": "1.0"}
    headers = tuple((f"ce_{name}", str(value).encode()) for name, value in cloud.items() if name != "data")
    return (
        Sent(json.dumps(body).encode(), key=key),
        Sent(json.dumps(body, ensure_ascii=False).encode(), (("traceparent", b"00"),), key),
        Sent(json.dumps(cloud).encode(), (("content-type", b"application/cloudevents+json"),), key),
        Sent(json.dumps(body["properties"]).encode() if "properties" in body else None, headers, key),
    )


@given(NAMED)
def test_every_event_of_the_contract_is_read_alike_in_all_three_forms(body: dict[str, Any]) -> None:
    contract = Contract.model_validate_json(json.dumps(body))
    for form in forms(body):
        found = INTAKE.read(form)
        assert isinstance(found, Event), found
        assert [getattr(found, field) for field in FIELDS] == [getattr(contract, field) for field in FIELDS]


@given(NAMED)
def test_a_user_whose_id_begins_with_a_nul_is_refused_in_all_three_forms(body: dict[str, Any]) -> None:
    """Such keys are the program's own."""
    for form in forms(body | {"user_id": "\0" + body["user_id"][1:]}):
        found = INTAKE.read(form)
        assert isinstance(found, Reject)
        assert found.reason is RejectReason.WRONG_TYPE


@given(TIMES, st.integers(-10_000_000, 10_000_000))
def test_an_event_is_too_early_only_beyond_the_limit_from_its_records_own_time(time: datetime, ahead_ms: int) -> None:
    body = {"id": "1", "source": "s", "type": "t", "time": time.isoformat(), "user_id": "u1"}
    stamp = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) - ahead_ms
    found = INTAKE.read(Sent(json.dumps(body).encode(), timestamp=max(stamp, 0)))
    early = isinstance(found, Reject) and found.reason is RejectReason.TOO_EARLY
    assert early == (ahead_ms > 300_000) or abs(ahead_ms - 300_000) <= 1
