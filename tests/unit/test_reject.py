"""What a dead letter carries."""

from schemas.reject import DeadLetterHeader, RejectReason, dead_letter_headers

PLACE = {"topic": "app.events", "partition": 3, "offset": 7, "timestamp": 1_000}


def test_the_records_own_headers_stay_as_they_came() -> None:
    """Order, repetitions and bytes that are no text are kept, before ours."""
    own = [("ce_id", b"\xff\x00"), ("a", b"1"), ("a", b"2")]
    made = dead_letter_headers(own, reason=RejectReason.NOT_JSON, detail="", **PLACE)
    assert made[:3] == tuple(own)
    assert [name for name, _ in made[3:]] == [name.value for name in DeadLetterHeader]


def test_a_requeued_record_that_fails_again_has_one_reason() -> None:
    first = dead_letter_headers([("a", b"1")], reason=RejectReason.NOT_JSON, detail="old", **PLACE)
    again = dead_letter_headers(first, reason=RejectReason.NAIVE_TIME, detail="new", **{**PLACE, "offset": 9})
    assert len(again) == len(first)
    assert dict(again) == dict(first) | {
        "churn-dlt-reason": b"naive_time",
        "churn-dlt-detail": b"new",
        "churn-dlt-offset": b"9",
    }


def test_any_detail_can_be_carried_and_is_bounded() -> None:
    """A lone surrogate (from a broken \\ud800 in JSON) and a long text do no harm."""
    made = dict(dead_letter_headers((), reason=RejectReason.NOT_JSON, detail="\ud800" + "x" * 9_999, **PLACE))
    assert made["churn-dlt-detail"].decode().startswith("\\ud800x")
    assert len(made["churn-dlt-detail"]) < 1_100
