"""Every version of every kind of record is read for ever, and nothing of a newer one is."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, ClassVar

import msgspec
import pytest

from agents.batches import ledger
from agents.driver import Stored
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from agents.roles.spec import RoleSpec
from schemas.base import VERSION_HEADER, Message
from schemas.version import NewerRecord, Upgrades
from streams.codec import Codec, StateUnreadable, UnprocessableRecord, UnreadableRecord, read_own
from tests.golden.generate import RECORDS, SAID, row_of
from tests.golden.kinds import OWN, READ_FROM, VALUES, Kind, kinds
from tests.golden.story import POLICY
from tests.golden.values import MESSAGES

KINDS = kinds()
GOLDENS = [
    pytest.param(kind, version, id=f"{kind.name}.{version}")
    for kind in KINDS.values()
    for version in range(1, kind.version + 1)
]
SENT = [
    pytest.param(message, version, id=f"{message.TYPE}.{version}")
    for message in MESSAGES
    for version in range(1, message.VERSION + 1)
]
NEWER = (NewerRecord, ledger.Newer)


def golden(kind: Kind, version: int) -> bytes:
    return (RECORDS / f"{kind.name}.{version}").read_bytes()


def start(kind: Kind) -> int:
    """Where the value begins: the health role's record of a user has a due time before it."""
    return 5 if kind.name == "health-user" else 1


def test_every_kind_has_a_value() -> None:
    assert KINDS.keys() == VALUES.keys()


@pytest.mark.parametrize(("kind", "version"), GOLDENS)
def test_every_version_is_read(kind: Kind, version: int) -> None:
    expected = READ_FROM.get((kind.name, version), VALUES[kind.name])
    assert kind.unpack(golden(kind, version)) == expected


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_written_is_the_newest_golden_byte_for_byte(kind: Kind) -> None:
    assert kind.pack(VALUES[kind.name]) == golden(kind, kind.version)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_golden_fills_every_field(kind: Kind) -> None:
    """A field at its default would be read from its absence as well."""
    assert list(unfilled(VALUES[kind.name], kind.name)) == []


def unfilled(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            held = getattr(value, field.name)
            default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
            if held == default or held is None:
                yield f"{path}.{field.name}"
            yield from unfilled(held, f"{path}.{field.name}")
    elif isinstance(value, tuple | list | dict):
        if not value:
            yield path
        for each in value.values() if isinstance(value, dict) else value:
            yield from unfilled(each, path)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_newer_version_is_refused_by_name_whatever_follows_it(kind: Kind) -> None:
    record = bytes((kind.version + 1,)) + golden(kind, kind.version)[1 : start(kind)]
    for rest in (b"", b"\x90", b"\xc1"):
        with pytest.raises(NEWER, match="was written by a newer program; upgrade this worker"):
            kind.unpack(record + rest)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_more_fields_under_the_same_version_are_a_newer_program(kind: Kind) -> None:
    """At every depth: a reader that passed over a field of a nested struct would write it away."""
    packed = golden(kind, kind.version)
    head, value = packed[: start(kind)], msgspec.msgpack.decode(packed[start(kind) :])
    places = list(arrays(value, VALUES[kind.name]))
    assert places
    for place in places:
        place.append(None)
        with pytest.raises(NEWER, match="upgrade this worker"):
            kind.unpack(head + msgspec.msgpack.encode(value))
        place.pop()
    assert kind.unpack(packed) == kind.unpack(head + msgspec.msgpack.encode(value))


def arrays(plain: Any, value: Any) -> Iterator[list[Any]]:
    """Every array that holds the fields of a struct or a named tuple."""
    if isinstance(value, msgspec.Struct) or hasattr(value, "_fields"):
        yield plain
        for inner, name in zip(plain, getattr(value, "__struct_fields__", getattr(value, "_fields", ())), strict=True):
            yield from arrays(inner, getattr(value, name))
    elif isinstance(value, dict):
        for key, inner in plain.items():
            yield from arrays(inner, value[key])
    elif isinstance(value, list | tuple):
        for inner, each in zip(plain, value, strict=True):
            yield from arrays(inner, each)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_of_no_version_is_unreadable(kind: Kind) -> None:
    for record in (b"", b"\0" + golden(kind, kind.version)[1:], golden(kind, kind.version)[:-1]):
        with pytest.raises((StateUnreadable, ledger.Unreadable)):
            kind.unpack(record)


class Old(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    name: str
    number: int = 7


class New(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    number: int
    names: tuple[str, ...]
    extra: int = 3


OLD = Codec("toy", Old, head=2)
STEPS: Upgrades = {1: lambda old: [old[1], old[0]], 2: lambda old: [old[0], [old[1]]]}
NEW = Codec("toy", New, version=3, upgrades=STEPS, head=2)


def test_an_old_record_is_brought_up_step_by_step_and_its_head_stays() -> None:
    packed = OLD.pack(Old("ann", 5), b"hd")
    assert NEW.unpack("r", packed) == New(5, ("ann",))
    NEW.check("r", packed)
    assert NEW.pack(New(5, ("ann",)), b"hd")[:3] == b"\x03hd"


def test_missing_fields_of_the_same_version_have_their_defaults() -> None:
    assert OLD.unpack("r", b"\x01hd" + msgspec.msgpack.encode(["ann"])) == Old("ann", 7)


def test_an_old_record_that_its_upgrade_cannot_turn_is_unreadable_and_named() -> None:
    for value in ([], None, [5, 5]):
        with pytest.raises(StateUnreadable, match="'r'"):
            NEW.unpack("r", b"\x01hd" + msgspec.msgpack.encode(value))


def test_a_codec_without_the_upgrade_of_a_version_is_not_made() -> None:
    with pytest.raises(AssertionError, match="an upgrade is missing"):
        Codec("toy", New, version=3, upgrades={1: lambda old: old})


@pytest.mark.parametrize("spec", [health(POLICY), dispatcher(POLICY), governor(POLICY)], ids=lambda spec: spec.name)
def test_every_role_stands_still_before_what_it_cannot_read(spec: RoleSpec) -> None:
    assert {NewerRecord, StateUnreadable, UnprocessableRecord, UnreadableRecord} <= set(spec.standstill)


# --- Messages -------------------------------------------------------------------------------------------------------


def stored(row: dict[str, Any], headers: tuple[tuple[str, bytes], ...] = ()) -> Stored:
    said = tuple((name, value.encode()) for name, value in row["headers"])
    return Stored(0, 4, 0, row["key"].encode(), row["value"].encode(), (*said, *headers))


def said(message: Message, version: int) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((SAID / f"{message.TYPE}.{version}.json").read_text())
    return row


@pytest.mark.parametrize(("message", "version"), SENT)
def test_every_version_of_a_message_is_read(message: Message, version: int) -> None:
    expected = READ_FROM.get((message.TYPE, version), message)
    assert read_own(type(message), stored(said(message, version))) == expected


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.TYPE)
def test_a_message_is_its_newest_golden_byte_for_byte(message: Message) -> None:
    """Headers included: version 1 has none of its own, as before there were versions."""
    assert row_of(message) == (SAID / f"{message.TYPE}.{message.VERSION}.json").read_text()
    assert all(getattr(message, name) != field.default for name, field in type(message).model_fields.items())


def test_every_message_that_a_worker_reads_has_a_golden() -> None:
    assert {*OWN} <= {type(message) for message in MESSAGES}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.TYPE)
def test_a_message_of_a_newer_version_is_refused_with_its_place(message: Message) -> None:
    newer = ((VERSION_HEADER, str(message.VERSION + 1).encode()),)
    row = said(message, message.VERSION) | {"headers": []}
    with pytest.raises(NewerRecord, match=f"{message.TOPIC} at offset 4 was written by a newer program; upgrade this"):
        read_own(type(message), stored(row, newer))


@pytest.mark.parametrize("version", [b"two", b"\xff", b"-1", b"0"])
def test_a_message_with_a_version_that_is_none_is_unreadable(version: bytes) -> None:
    message = MESSAGES[0]
    row = said(message, 1) | {"headers": []}
    with pytest.raises(UnreadableRecord):
        read_own(type(message), stored(row, ((VERSION_HEADER, version),)))


class Greeting(Message):
    """A message that has been changed twice."""

    TOPIC, TYPE, VERSION = "greetings", "greeting", 3
    UPGRADES: ClassVar[Upgrades] = {
        1: lambda old: old | {"to": old["user"]},
        2: lambda old: old | {"words": f"{old['words']}!"},
    }

    to: str
    words: str

    key = property(lambda self: self.to)
    ce_id = property(lambda self: self.to)
    ce_time = property(lambda self: MESSAGES[0].ce_time)


@pytest.mark.parametrize(("version", "words"), [(1, "hi!"), (2, "hi!"), (3, "hi")])
def test_a_message_is_brought_up_step_by_step(version: int, words: str) -> None:
    headers = () if version == 1 else ((VERSION_HEADER, str(version).encode()),)
    record = Stored(0, 0, 0, None, b'{"user":"ann","to":"ann","words":"hi"}', headers)
    assert read_own(Greeting, record) == Greeting(to="ann", words=words)
    assert Greeting(to="ann", words="hi").headers()[-1] == (VERSION_HEADER, b"3")


def test_names_of_members_are_what_records_keep() -> None:
    """Enums are kept by value: none that a record holds is a number in disguise."""
    assert not [each for kind in KINDS.values() for each in members(VALUES[kind.name]) if not isinstance(each, str)]


def members(value: Any) -> Iterator[Enum]:
    if isinstance(value, Enum):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from members(getattr(value, name))
    elif isinstance(value, tuple | list | dict):
        for each in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from members(each)
