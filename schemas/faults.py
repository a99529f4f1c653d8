"""A fault in what a person wrote: where it is, what stands there, what is wrong with it, and how to mend it."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from inspect import isclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
    "enum": "is not known",
    "literal_error": "is not known",
    "path_not_file": "is not a file",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number",
    "float_parsing": "is not a number",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text",
    "tuple_type": "is not a list",
    "dict_type": "is not a table",
    "model_type": "is not a table",
    "finite_number": "is not a finite number",
    "greater_than": "is not above {gt:g}",
    "greater_than_equal": "is under {ge:g}",
    "less_than": "is not under {lt:g}",
    "less_than_equal": "is over {le:g}",
    "multiple_of": "is not a multiple of {multiple_of:g}",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "has the wrong form",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: ``key`` of ``file`` has this ``value`` (None: nothing stands there)."""

    file: str
    key: str
    value: object
    message: str
    fix: str

    def __str__(self) -> str:
        """One line.

        >>> print(Fault("shop.toml", "warnings.risk", 150, "is not under 100", "expected: a number between 0 and 100"))
        shop.toml: warnings.risk = 150 is not under 100; expected: a number between 0 and 100
        """
        shown = self.key if self.value is None else f"{self.key} = {shorten(self.value)}"
        return f"{self.file}: {shown} {self.message}; {self.fix}"


class Faults(ValueError):
    """Every fault found in one reading; its text has one line a fault."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def shorten(value: object) -> str:
    """The value in the words of TOML and JSON, in at most 80 characters.

    >>> shorten(True), shorten("a" * 100)[-5:]
    ('true', 'aa...')
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def message_of(error: ErrorDetails) -> str:
    """What is wrong, to be read after the key; pydantic's own words where we have none."""
    known = _MESSAGES.get(error["type"])
    return known.format(**error.get("ctx", {})) if known else error["msg"]


def fix_of(error: ErrorDetails, model: type[BaseModel]) -> str:
    """How to mend it: the nearest known name, or what the field's description asks for."""
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        shape, _ = _at(model, location[:-1])
        return suggest(str(location[-1]), tuple(_fields(shape)), "remove it; known keys")
    shape, description = _at(model, tuple(part for part in location if part != "[key]"), of_key=location[-1] == "[key]")
    if error["type"] == "enum" and isclass(shape) and issubclass(shape, StrEnum):
        return suggest(str(error["input"]), tuple(shape), "expected one of")
    return f"{'add it' if error['type'] == 'missing' else 'expected'}: {description}"


def suggest(wrong: str, known: tuple[str, ...], otherwise: str) -> str:
    """The known name that was probably meant, or all known names.

    >>> suggest("smss", ("sms", "email"), "expected one of")
    "did you mean 'sms'?"
    >>> suggest("fax", ("sms", "email"), "expected one of")
    'expected one of: sms, email'
    """
    close = get_close_matches(wrong, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"{otherwise}: {', '.join(known)}"


def _fields(shape: Any) -> dict[str, Any]:
    """The fields of a table, by the keys that a person writes."""
    if not isclass(shape) or not issubclass(shape, BaseModel):
        return {}
    return {field.alias or name: field for name, field in shape.model_fields.items()}


def _bare(shape: Any) -> Any:
    """The annotation without ``Annotated`` and without ``| None``."""
    if get_origin(shape) is Annotated:
        return _bare(get_args(shape)[0])
    some = [part for part in get_args(shape) if part is not NoneType]
    return _bare(some[0]) if NoneType in get_args(shape) else shape


def _at(model: type[BaseModel], location: Location, *, of_key: bool = False) -> tuple[Any, str]:
    """The annotation at a place of the tree, and the description of the nearest field above it."""
    shape: Any = model
    description = "what the field asks for"
    for depth, part in enumerate(location):
        if (field := _fields(shape).get(str(part))) is not None:
            shape, description = _bare(field.annotation), field.description or description
        elif args := get_args(shape):
            shape = _bare(
                args[0] if get_origin(shape) is tuple or (of_key and depth == len(location) - 1) else args[-1]
            )
    return shape, description
