"""An operator's words: what each kind must say, and what is refused with the field, its fault and what is expected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.control import SHAPES, Control, ControlKind, Forced

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=7)
GOOD: dict[ControlKind, dict[str, Any]] = {
    ControlKind.INTAKE: {"target": "3"},
    ControlKind.SILENCE: {"target": "user 1/é", "until": LATER},
    ControlKind.SUPPRESS: {"target": "u1"},
    ControlKind.PAUSE: {"target": "come-back"},
    ControlKind.BREAKER: {"target": "sms", "value": Forced.OPEN},
    ControlKind.RELEASE: {"target": "*"},
}


def said(kind: ControlKind, /, **changes: Any) -> Control:
    words = {"kind": kind, "who": "ann", "why": "asked to", "at": NOON} | GOOD[kind]
    return Control.model_validate({key: value for key, value in (words | changes).items() if value is not ...})


@pytest.mark.parametrize("kind", ControlKind)
def test_a_word_is_read_again_as_it_was_said(kind: ControlKind) -> None:
    control = said(kind)
    assert Control.decode(control.encode()) == control
    assert control.key == f"{kind}/{control.target}"
    assert kind in SHAPES


@pytest.mark.parametrize("field", ["who", "why", "at", "target"])
@pytest.mark.parametrize("kind", ControlKind)
def test_who_why_and_when_always_go_with_it(kind: ControlKind, field: str) -> None:
    with pytest.raises(ValidationError, match=rf"{field}\n  Field required"):
        said(kind, **{field: ...})


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        (ControlKind.INTAKE, {"target": "all"}, r"intake: target is not a partition's number, or '\*' for all"),
        (ControlKind.INTAKE, {"until": LATER}, "intake: until is given; leave it out"),
        (ControlKind.SILENCE, {"until": None}, "silence: until is missing"),
        (ControlKind.SILENCE, {"target": ""}, "target\n  String should have at least 1 character"),
        (ControlKind.SILENCE, {"value": "auto"}, "silence: value is given; leave it out"),
        (ControlKind.SUPPRESS, {"target": "u" * 257}, "target\n  String should have at most 256 characters"),
        (ControlKind.SUPPRESS, {"until": NOON}, "suppress: until is not after its time, 2026-03-02T12:00:00"),
        (ControlKind.PAUSE, {"target": "Come Back"}, "pause: target is not a playbook's name"),
        (ControlKind.BREAKER, {"target": "fax"}, "breaker: target is not a channel: sms, email, push"),
        (ControlKind.BREAKER, {"value": None}, "breaker: value is missing"),
        (ControlKind.BREAKER, {"value": "open"}, "value\n  Input should be 'forced_open'"),
        (
            ControlKind.RELEASE,
            {"target": "blasts"},
            r"release: target is not a blast-radius guard: blast, or '\*' for all",
        ),
        (ControlKind.RELEASE, {"until": LATER}, "release: until is given; leave it out"),
        (ControlKind.RELEASE, {"value": "auto"}, "release: value is given; leave it out"),
        (ControlKind.PAUSE, {"until": datetime(2026, 4, 1)}, "until\n  Input should have timezone info"),  # noqa: DTZ001
        (ControlKind.PAUSE, {"until": "0001-01-01T00:00:00+10:00"}, "until\n  is outside the years 1 to 9999"),
        (ControlKind.PAUSE, {"kind": "stop"}, "kind\n  Input should be 'intake'"),
        (ControlKind.PAUSE, {"who": "  "}, "who\n  String should have at least 1 character"),
    ],
)
def test_what_a_kind_does_not_ask_for_is_refused_by_its_name(
    kind: ControlKind, changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValidationError, match=fault):
        said(kind, **changes)


def test_a_word_holds_before_its_end_and_without_one_until_it_is_lifted() -> None:
    assert said(ControlKind.SILENCE).holds(LATER - timedelta(microseconds=1))
    assert not said(ControlKind.SILENCE).holds(LATER)
    assert said(ControlKind.SUPPRESS).holds(NOON + timedelta(days=9_999))
