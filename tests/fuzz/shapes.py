"""Instances of a message from its own JSON Schema: every field fits, or some of them lie at or beyond an edge of it."""

from functools import cache
from random import Random
from typing import Any

from pydantic import BaseModel

from tests.fuzz import edges

PATTERNS = {r"^([01][0-9]|2[0-3]):[0-5][0-9]$": ("00:00", "23:59", "08:30")}
"""Texts that fit a pattern which schemas use; a new one asks for some here."""
FITTING = ("2026-03-02T10:00:00Z", "2026-01-31T09:30:00+08:00", "2025-12-31T23:59:59.999999-05:00")
UNDERSTOOD = frozenset({
    "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "properties",
    "required", "propertyNames", "additionalProperties", "items", "anyOf", "$ref", "$defs",
    "title", "description", "default",
})  # fmt: skip
"""What a schema may say of a value; a schema that says more asks for edges here."""
Schema = dict[str, Any]


class Shape:
    """The schema of a model, as a source of JSON objects."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._schema = model.model_json_schema()
        self._definitions = self._schema.get("$defs", {})
        self.fields: tuple[str, ...] = tuple(self._schema["properties"])

    def fitting(self, dice: Random) -> Schema:
        """An object with all that is required and some of the rest; each field fits, many at an edge."""
        return self._object(self._schema, dice)

    def odd(self, dice: Random, fields: int, given: Schema) -> Schema:
        """The same with what is ``given``, and then so many fields at an edge that their schema may refuse."""
        body = self.fitting(dice) | given
        for name in dice.sample(self.fields, min(fields, len(self.fields))):
            self._spoil(body, name, dice)
        return body

    def _spoil(self, body: Schema, name: str, dice: Random) -> None:
        schema = self._schema["properties"][name]
        how = dice.random()
        if how < 0.08:
            body.pop(name, None)
        elif how < 0.55:
            body[name] = self._edge(schema, dice)
        else:
            body[name] = edges.value(dice)

    def _edge(self, schema: Schema, dice: Random) -> Any:
        """A value of the right type at or just beyond an edge."""
        schema = self._resolved(schema, dice)
        if schema.get("format") == "date-time":
            return edges.moment(dice)
        if "enum" in schema:
            word = str(dice.choice(schema["enum"]))
            return dice.choice((word, word.upper(), f" {word}", word + "s", "", word[:-1]))
        kind = schema.get("type")
        if kind in ("integer", "number"):
            return self._edge_number(schema, dice)
        if kind == "string":
            return self._edge_text(schema, dice)
        if kind == "array":
            return [self._edge(schema.get("items", {}), dice) for _ in range(dice.choice((0, 1, 2, 300)))]
        if kind == "object":
            return self._edge_object(schema, dice)
        return edges.value(dice)

    def _edge_number(self, schema: Schema, dice: Random) -> int | float:
        bounds = [bound + step for bound in _bounds(schema) for step in (-1, 0, 1)]
        others = edges.INTEGERS if schema["type"] == "integer" else (*edges.FLOATS, *edges.INTEGERS)
        return dice.choice((dice.choice(bounds or others), dice.choice(others)))

    def _edge_text(self, schema: Schema, dice: Random) -> str:
        most = schema.get("maxLength")
        lengths = [length for length in (0, 1, most, most and most + 1) if length is not None]
        drawn = dice.choice("xé👍\0") * dice.choice(lengths)
        return dice.choice((drawn, dice.choice(edges.TEXTS)))

    def _edge_object(self, schema: Schema, dice: Random) -> Schema:
        if "properties" in schema:
            body = self._object(schema, dice)
            body[dice.choice(tuple(schema["properties"]))] = edges.value(dice)
            return body
        names = schema.get("propertyNames")
        inner = schema.get("additionalProperties", {})
        inner = inner if isinstance(inner, dict) else {}
        return {
            str(self._edge(names, dice) if names else dice.choice(edges.TEXTS)): self._edge(inner, dice)
            for _ in range(dice.choice((0, 1, 3)))
        }

    def _fit(self, schema: Schema, dice: Random) -> Any:
        schema = self._resolved(schema, dice)
        if "const" in schema or "enum" in schema:
            return dice.choice(schema.get("enum") or [schema["const"]])
        if schema.get("format") == "date-time":
            return dice.choice(FITTING)
        return _FITS.get(schema.get("type", ""), Shape._any)(self, schema, dice)

    def _object(self, schema: Schema, dice: Random) -> Schema:
        if "properties" not in schema:
            names, inner = schema.get("propertyNames"), schema.get("additionalProperties", True)
            if not names:
                return {f"p{number}": edges.value(dice) for number in range(dice.choice((0, 1, 2)))}
            return {str(self._fit(names, dice)): self._fit(inner, dice) for _ in range(dice.randrange(4))}
        required = set(schema.get("required", ()))
        wanted = [name for name in schema["properties"] if name in required or dice.random() < 0.5]
        return {name: self._fit(schema["properties"][name], dice) for name in wanted}

    def _array(self, schema: Schema, dice: Random) -> list[Any]:
        return [self._fit(schema.get("items", {}), dice) for _ in range(dice.randrange(4))]

    def _string(self, schema: Schema, dice: Random) -> str:
        if "pattern" in schema:
            return dice.choice(PATTERNS[schema["pattern"]])
        least, most = schema.get("minLength", 0), schema.get("maxLength", 300)
        return dice.choice("xé👍") * dice.choice((max(least, 1), least, most))

    def _any(self, schema: Schema, dice: Random) -> Any:
        return edges.value(dice)

    def _resolved(self, schema: Schema, dice: Random) -> Schema:
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = self._definitions[schema["$ref"].rpartition("/")[2]]
            else:
                schema = dice.choice(schema["anyOf"])
        return schema


_FITS = {
    "object": Shape._object,
    "array": Shape._array,
    "string": Shape._string,
    "integer": lambda _shape, schema, dice: dice.choice((0, 1, 7, 2**31, *_bounds(schema))),
    "number": lambda _shape, schema, dice: dice.choice((0, 0.5, 99.9, 1e9, *_bounds(schema))),
    "boolean": lambda _shape, _schema, dice: dice.random() < 0.5,
    "null": lambda _shape, _schema, _dice: None,
}


def _bounds(schema: Schema) -> list[int]:
    """The least and the greatest number that a schema allows.

    >>> _bounds({"type": "integer", "minimum": -9}), _bounds({"type": "number"})
    ([-9], [])
    """
    return [schema[name] for name in ("minimum", "maximum") if name in schema]


def words(schema: Any) -> set[str]:
    """What a schema and those within it say of a value, by keyword.

    >>> sorted(words({"type": "array", "items": {"type": "string", "maxLength": 3}}))
    ['items', 'maxLength', 'type']
    """
    if not isinstance(schema, dict):
        return set()
    named = [each for name in ("properties", "$defs") for each in schema.get(name, {}).values()]
    plain = [schema.get(name) for name in ("items", "additionalProperties", "propertyNames")]
    return set(schema).union(*map(words, (*named, *plain, *schema.get("anyOf", ()))))


@cache
def shape(model: type[BaseModel]) -> Shape:
    """The shape of a model, read once."""
    return Shape(model)
