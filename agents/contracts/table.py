"""Tables in Markdown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

NOTE = "<!-- Written by `churn-alerts contracts write`; change the code, not this page. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""A Markdown table; a bar inside a cell is escaped.

    >>> print(table(["a", "b"], [["1", "2|3"]]))
    | a | b |
    |---|---|
    | 1 | 2\|3 |
    """
    lines = [head, *rows]
    cells = [" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines]
    return "\n".join([f"| {cells[0]} |", "|" + "---|" * len(head), *(f"| {line} |" for line in cells[1:])])


def code(value: Any) -> str:
    """A value in TOML's and JSON's words, as code."""
    plain = str(value) if isinstance(value, Path) else to_jsonable_python(value)
    return f"`{json.dumps(plain, ensure_ascii=False)}`"


def default_of(field: FieldInfo) -> str:
    """What holds where nothing is written; ``required`` where something must be."""
    return "required" if field.is_required() else "none" if field.default is None else code(field.default)
