"""Each form of an event is read, and each kind of bad input has its reason (A1, A3)."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from schemas.policy import Policy
from schemas.reject import RejectReason
from streams.intake import Event, Intake, Reject

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
PLAIN: dict[str, Any] = {
    "id": "e1",
    "source": "shop-app",
    "type": "order",
    "time": "2026-01-02T12:00:00Z",
    "user_id": "u1",
    "product": "shop",
    "properties": {"amount": 3},
}
CE = {
    "ce_specversion": b"1.0",
    "ce_id": b"e1",
    "ce_source": b"shop-app",
    "ce_type": b"order",
    "ce_time": b"2026-01-02T12:00:00Z",
    "ce_subject": b"u1",
    "ce_product": b"shop",
}
STRUCTURED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "shop-app",
    "type": "order",
    "time": "2026-01-02T12:00:00Z",
    "subject": "u1",
    "product": "shop",
    "data": {"amount": 3},
}
JSON = ("content-type", b"application/json; charset=utf-8")
CLOUD = ("content-type", b"application/cloudevents+json; charset=utf-8")
EXPECTED = Event("e1", "shop-app", "order", NOON, "u1", "shop", {"amount": 3})


class Sent(NamedTuple):
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    key: bytes | None = b"u1"
    timestamp: int = NOON_MS
    offset: int = 0


def plain(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in {**PLAIN, **changes}.items() if value is not ...}).encode()


def structured(**changes: Any) -> Sent:
    body = {name: value for name, value in {**STRUCTURED, **changes}.items() if value is not ...}
    return Sent(json.dumps(body).encode(), (CLOUD,))


def binary(value: bytes | None = b'{"amount": 3}', **changes: bytes | None) -> Sent:
    return Sent(value, (*((name, raw) for name, raw in {**CE, **changes}.items() if raw is not None), JSON))


@pytest.fixture(scope="module")
def intake() -> Intake:
    return Intake(Policy(name="test"))


@pytest.mark.parametrize(
    "sent",
    [Sent(plain()), Sent(plain(), (JSON, ("traceparent", b"00-ab"))), structured(), binary()],
    ids=["plain", "plain with headers", "structured", "binary"],
)
def test_every_form_gives_the_same_event(intake: Intake, sent: Sent) -> None:
    assert intake.read(sent) == EXPECTED


def test_cloudevents_without_a_subject_are_about_the_user_in_the_key(intake: Intake) -> None:
    assert intake.read(binary(ce_subject=None)) == EXPECTED
    assert intake.read(structured(subject=...)) == EXPECTED


def test_cloudevents_without_data_have_no_properties(intake: Intake) -> None:
    for sent in (binary(None), binary(b""), structured(data=...), structured(data=None)):
        event = intake.read(sent)
        assert isinstance(event, Event)
        assert event.properties == {}


def test_product_and_properties_have_defaults(intake: Intake) -> None:
    event = intake.read(Sent(plain(product=..., properties=...)))
    assert isinstance(event, Event)
    assert (event.product, event.properties) == ("default", {})


@pytest.mark.parametrize(
    ("sent", "reason", "named"),
    [
        (Sent(None), RejectReason.EMPTY, "empty"),
        (Sent(b" \n"), RejectReason.EMPTY, "empty"),
        (Sent(b"{" + b" " * 300_000), RejectReason.TOO_LARGE, "262144"),
        (Sent(plain().replace(b"order", b"or\xffer")), RejectReason.NOT_UTF8, "0xff"),
        (Sent(plain(extra="x").replace(b"extra", b"\xfftra")), RejectReason.NOT_UTF8, "0xff"),
        (binary(ce_source=b"\xff"), RejectReason.NOT_UTF8, "0xff"),
        (Sent(b"{'id': 1}"), RejectReason.NOT_JSON, "JSON"),
        (Sent(plain() + b"x"), RejectReason.NOT_JSON, "JSON"),
        (Sent(b'{"id": ' + b"[" * 50_000), RejectReason.NOT_JSON, "deep"),
        (Sent(b"[1]"), RejectReason.NOT_AN_OBJECT, "list"),
        (binary(b"3"), RejectReason.NOT_AN_OBJECT, "int"),
        (
            Sent(plain(), (("content-type", b"application/protobuf"),)),
            RejectReason.UNSUPPORTED_CONTENT_TYPE,
            "protobuf",
        ),
        (
            Sent(plain(), (("content-type", b"application/cloudevents-batch+json"),)),
            RejectReason.UNSUPPORTED_CONTENT_TYPE,
            "batch",
        ),
        (structured(data=..., data_base64="AA=="), RejectReason.UNSUPPORTED_CONTENT_TYPE, "data_base64"),
        (Sent(plain(id=...)), RejectReason.MISSING_ID, "id is missing"),
        (Sent(plain(user_id=...)), RejectReason.MISSING_USER, "user_id is missing"),
        (Sent(plain(time=...)), RejectReason.MISSING_TIME, "time is missing"),
        (binary(ce_type=None), RejectReason.MISSING_TYPE, "ce_type is missing"),
        (structured(source=...), RejectReason.MISSING_SOURCE, "source is missing"),
        (Sent(plain(type=7)), RejectReason.WRONG_TYPE, "type is 7"),
        (Sent(plain(id="")), RejectReason.WRONG_TYPE, "id is ''"),
        (Sent(plain(source="x" * 257)), RejectReason.WRONG_TYPE, "source is"),
        (Sent(plain(product=None)), RejectReason.WRONG_TYPE, "product is None"),
        (Sent(plain(properties=[1])), RejectReason.WRONG_TYPE, "properties is [1]"),
        (structured(data="text"), RejectReason.WRONG_TYPE, "data is 'text'"),
        (Sent(plain(time="2026-01-02T12:00:00")), RejectReason.NAIVE_TIME, "offset"),
        (Sent(plain(time=1767355200)), RejectReason.WRONG_TYPE, "1767355200"),
        (Sent(plain(time="yesterday")), RejectReason.UNREADABLE_TIME, "yesterday"),
        (Sent(plain(time="1999-12-31T23:59:59Z")), RejectReason.ABSURD_TIME, "1999"),
        (Sent(plain(time="2026-01-02T12:05:01Z")), RejectReason.TOO_EARLY, "300 s"),
        (Sent(plain(), key=b"u2"), RejectReason.KEY_MISMATCH, "b'u2'"),
        (Sent(plain(), key=None), RejectReason.KEY_MISMATCH, "None"),
        (Sent(plain(), key=b"\xff"), RejectReason.KEY_MISMATCH, "xff"),
        (binary(ce_subject=b"u2"), RejectReason.KEY_MISMATCH, "'u2'"),
        (binary(ce_time=b"2026-01-02T12:00:00"), RejectReason.NAIVE_TIME, "ce_time is '2026"),
        (structured(time="2026-02-30T12:00:00Z"), RejectReason.UNREADABLE_TIME, "02-30"),
        (Sent(plain(time="2026-02-30T12:00:00")), RejectReason.UNREADABLE_TIME, "02-30"),
        (Sent(plain(time="2100-01-01T00:00:00Z")), RejectReason.ABSURD_TIME, "2100"),
    ],
)
def test_bad_input_is_refused_with_its_reason(intake: Intake, sent: Sent, reason: RejectReason, named: str) -> None:
    found = intake.read(sent)
    assert isinstance(found, Reject)
    assert found.reason is reason
    assert named in found.detail


def test_an_event_may_be_as_early_as_the_policy_says(intake: Intake) -> None:
    assert isinstance(intake.read(Sent(plain(time="2026-01-02T12:05:00Z"))), Event)


def test_a_record_without_a_time_cannot_make_an_event_early(intake: Intake) -> None:
    assert isinstance(intake.read(Sent(plain(), timestamp=-1)), Event)


def test_one_field_is_named_though_many_are_wrong(intake: Intake) -> None:
    found = intake.read(Sent(b"{}"))
    assert found == Reject(RejectReason.MISSING_ID, "id is missing; write a string of 1 to 256 characters")
