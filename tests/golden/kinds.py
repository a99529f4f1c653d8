"""Every kind of record we keep, found where it is made, with its value; and the fields it is made of, in words."""

import enum
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel

import streams
from agents.batches import ledger
from schemas.base import Message
from schemas.breaker import Breaker
from schemas.counts import Counts
from schemas.lease import Lease
from schemas.population import PopulationDay, PopulationMark
from schemas.sign import Sign
from schemas.warning import Warning
from streams.codec import Codec
from streams.health.state import key_of
from tests.golden import values

OWN: tuple[type[Message], ...] = (Warning, Sign, Counts, Breaker, Lease, PopulationDay, PopulationMark)
"""Messages that a worker reads from another one: what a newer worker adds to them, an older one must not pass over."""

VALUES: dict[str, Any] = {
    "health-user": values.STATE,
    "health-memo": values.HEALTH_MEMO,
    "learning-course": values.COURSE,
    "learning-open": {20_453: values.SUMS},
    "learning-marks": values.MARKS,
    "learning-week": values.SNAPSHOT,
    "learning-sums": values.SUMS,
    "dispatcher-user": values.BOOK,
    "dispatcher-memo": values.DISPATCHER_MEMO,
    "governor-account": values.ACCOUNT,
    "governor-pulse": values.PULSE,
    "governor-watch": values.WATCH,
    "checkpoint": values.LEDGER,
}
"""What the newest golden of each kind holds."""

OF = {"health-user": key_of("u1", "shop"), "health-memo": 3, "dispatcher-user": b"u1", "dispatcher-memo": 3}
"""What a codec is told of a record, to name it; without an entry its kind will do."""

_ONE = replace(values.CANDIDATE, offset=-1)
READ_FROM: dict[tuple[str, int], Any] = {
    ("dispatcher-user", 1): replace(
        values.BOOK, held=_ONE, recall=values.BOOK.recall and replace(values.BOOK.recall, candidate=_ONE), aside=None
    ),
}
"""What the present program reads from an older golden, by kind and version, where that is not the value above."""


class Kind(NamedTuple):
    """A kind of record with its codec's two ways; the checkpoint has no codec of ours."""

    name: str
    version: int
    model: Any
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


def codecs() -> dict[str, Codec[Any]]:
    """Every codec of the program by its kind."""
    modules = pkgutil.walk_packages(streams.__path__, "streams.")
    found = (each for module in modules for each in vars(import_module(module.name)).values())
    return {each.kind: each for each in found if isinstance(each, Codec)}


def kinds() -> dict[str, Kind]:
    """Every kind of record by its name."""
    own = Kind("checkpoint", ledger.VERSION, ledger.Ledger, ledger.pack, ledger.unpack)
    return {own.name: own} | {name: _kind(codec) for name, codec in codecs().items()}


def _kind(codec: Codec[Any]) -> Kind:
    of = OF.get(codec.kind, codec.kind)
    head = values.DUE.to_bytes(4, "big") if codec.kind == "health-user" else b""
    return Kind(
        codec.kind,
        codec.version,
        codec.model,
        lambda value: codec.pack(value, head),
        lambda packed: codec.unpack(of, packed),
    )


# Fields in words.


def fields_of(model: Any) -> dict[str, dict[str, str]]:
    """The fields of every struct, tuple, model and enum that a record is made of, by the name of the class.

    A struct's fields stand in their order, which is how they are kept; an enum's members in theirs, which is not.
    """
    found: dict[str, dict[str, str]] = {"": {"": words(model)}}
    for each in classes(model):
        found[each.__name__] = _fields(each)
    return found


def words(hint: Any) -> str:
    """A type in words: the same for the same type, whatever its module is called."""
    if not get_args(hint):
        return getattr(hint, "__name__", str(hint)).replace("NoneType", "None").replace("Ellipsis", "...")
    inner = [str(each) if not isinstance(each, type) and not get_args(each) else words(each) for each in get_args(hint)]
    origin = get_origin(hint)
    name = origin.__name__ if hasattr(origin, "__name__") else str(origin)
    return " | ".join(inner) if name in ("UnionType", "Union") else f"{name}[{', '.join(inner)}]"


def _fields(model: type) -> dict[str, str]:
    if issubclass(model, enum.Enum):
        return {str(member.value): "" for member in sorted(model, key=lambda each: str(each.value))}
    hints = get_type_hints(model, include_extras=True)
    return {name: words(hints[name]) for name in _names(model)}


def _names(model: Any) -> tuple[str, ...]:
    if issubclass(model, BaseModel):
        return tuple(model.model_fields)
    return tuple(model.__struct_fields__ if issubclass(model, msgspec.Struct) else model._fields)


def classes(model: Any) -> Iterator[type]:
    """Every class with fields or members that a type holds, each once, the type itself first."""
    seen: dict[type, None] = {}
    waiting = [model]
    while waiting:
        hint = waiting.pop(0)
        waiting += get_args(hint)
        named = isinstance(hint, type) and (issubclass(hint, enum.Enum | msgspec.Struct | BaseModel) or _named(hint))
        if named and hint not in seen:
            seen[hint] = None
            if not issubclass(hint, enum.Enum):
                waiting += [get_type_hints(hint)[name] for name in _names(hint)]
    return iter(seen)


def _named(hint: type) -> bool:
    return issubclass(hint, tuple) and hasattr(hint, "_fields")
