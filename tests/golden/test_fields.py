"""What is kept does not change unseen: neither the fields of a record nor the numbers in it without a new version."""

import json
from typing import Any, NamedTuple

import msgspec
import pytest

from schemas.feedback import FeedbackKind
from schemas.warning import Component, Level, Stage
from streams.dispatch.book import BITS
from streams.health.index.components import FLAGS
from streams.health.rules.collapse import COLLAPSE
from streams.health.rules.lapse import LAPSE
from streams.health.rules.level import number_of
from streams.health.rules.shock import SHOCK
from streams.health.stage import NUMBERS
from tests.golden.generate import FIELDS, fingerprints
from tests.golden.kinds import classes, fields_of, kinds

STORED = json.loads(FIELDS.read_text())


@pytest.mark.parametrize("name", fingerprints())
def test_the_fields_of_a_kind_change_with_its_version_only(name: str) -> None:
    """Raise the version and say how the old one is brought up: see :mod:`tests.golden.generate`."""
    kind, _dot, version = name.rpartition(".")
    assert name in STORED, f"{kind}: run python -m tests.golden.generate, which writes version {version}"
    assert fingerprints()[name] == STORED[name], f"{kind}: its fields changed, so it needs version {int(version) + 1}"
    assert [*in_order(fingerprints()[name])] == [*in_order(STORED[name])], f"{kind}: the order of its fields changed"


def in_order(found: dict[str, dict[str, str]]) -> list[tuple[str, list[str]]]:
    return [(name, list(fields)) for name, fields in found.items()]


def test_no_version_is_taken_back() -> None:
    newest = {name.rpartition(".")[0]: int(name.rpartition(".")[2]) for name in fingerprints()}
    assert {name for name in STORED if int(name.rpartition(".")[2]) > newest[name.rpartition(".")[0]]} == set()


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_kept_struct_refuses_fields_that_it_does_not_know(kind: Any) -> None:
    """Without it msgspec passes over them, and the next write drops them."""
    structs = [each for each in classes(kind.model) if issubclass(each, msgspec.Struct)]
    settings = [each.__struct_config__ for each in structs]
    assert [each for each in settings if not (each.array_like and each.forbid_unknown_fields)] == []


class Inner(NamedTuple):
    x: int


class Outer(msgspec.Struct, array_like=True):
    name: str
    inner: dict[str, Inner | None] = {}


class Wider(NamedTuple):
    x: int
    y: float


@pytest.mark.parametrize(
    "changed",
    [
        msgspec.defstruct("Outer", [("name", str)], array_like=True),
        msgspec.defstruct("Outer", [("inner", dict[str, Inner | None]), ("name", str)], array_like=True),
        msgspec.defstruct("Outer", [("name", bytes), ("inner", dict[str, Inner | None])], array_like=True),
        msgspec.defstruct("Outer", [("name", str), ("inner", dict[str, Wider | None])], array_like=True),
        msgspec.defstruct("Outer", [("name", str), ("inner", dict[int, Inner | None])], array_like=True),
        dict[str, Outer],
    ],
)
def test_every_change_of_a_field_is_seen(changed: Any) -> None:
    """Gone, moved, retyped, and deeper inside: each has another fingerprint."""
    one, other = fields_of(Outer), fields_of(changed)
    assert (one, in_order(one)) != (other, in_order(other))


def test_numbers_in_records_stay_what_they_are() -> None:
    """Each is written beside its name; none follows from the order of an enum."""
    assert {stage: NUMBERS[stage] for stage in Stage} == {
        Stage.HEALTHY: 0, Stage.RETURNED: 1, Stage.AT_RISK: 2, Stage.LAPSED: 3, Stage.RELAPSED: 4, Stage.DORMANT: 5,
        Stage.LONG_DORMANT: 6,
    }  # fmt: skip
    assert [number_of(level) for level in (Level.WATCH, Level.RISK, Level.CRITICAL)] == [1, 2, 3]
    assert (LAPSE, SHOCK, COLLAPSE) == (1, 2, 4)
    assert FLAGS == {Component.TREND: 1, Component.DEPTH: 2, Component.EXPERIENCE: 3}
    assert {kind: BITS[kind] for kind in FeedbackKind} == {
        FeedbackKind.ACCEPTED: 1, FeedbackKind.DELIVERED: 2, FeedbackKind.FAILED: 4, FeedbackKind.BOUNCED: 8,
        FeedbackKind.OPENED: 16, FeedbackKind.CLICKED: 32, FeedbackKind.COMPLAINED: 64, FeedbackKind.UNSUBSCRIBED: 128,
    }  # fmt: skip
