"""A policy file's text becomes a Policy, or the list of everything that is wrong with it."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.faults import Fault, Faults, Location, fix_of, message_of
from schemas.policy.policy import Policy
from schemas.policy.rules import Rule, conflicts


class PolicyFaults(Faults):
    """A policy file that cannot be used; ``faults`` has everything that is wrong with it."""


def parse_policy(text: str, file: str, *rules: Rule) -> Policy:
    r"""The policy that a TOML text describes; raises :class:`PolicyFaults` with every fault, never with the first only.

    ``file`` is the name that the faults carry; ``rules`` are judged besides those of ``schemas.policy.rules``. A text
    that is not TOML has one fault: where it stops being TOML.

    >>> try:
    ...     parse_policy('name = "x"\n[warnings]\nrisk = 150\n[events]\nbuy = "purchse"', "x.toml")
    ... except PolicyFaults as found:
    ...     print(found)
    x.toml: events.buy = "purchse" is not known; did you mean 'purchase'?
    x.toml: warnings.risk = 150 is not under 100; expected: index under which a user is at risk, between 0 and 100
    """
    tree, as_json = _toml(text, file)
    errors: list[ErrorDetails] = []
    policy = None
    try:
        policy = Policy.model_validate_json(as_json, strict=True, by_name=False)
    except ValidationError as faulty:
        errors = faulty.errors()
    faults = (*_field_faults(errors, tree, file), *_rule_faults(errors, tree, file, rules))
    if policy is None or faults:
        raise PolicyFaults(faults)
    return policy


def _toml(text: str, file: str) -> tuple[dict[str, Any], str]:
    """The tree as it is written, and as JSON: pydantic reads JSON strictly and still takes names for enum members."""
    try:
        tree = tomllib.loads(text)
        return tree, json.dumps(tree, default=_no_dates)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = text.split("\n")[int(where[1]) - 1] if where else None
        fault = Fault(file, f"line {where[1]}" if where else "end", line, f"is not TOML: {error}", "mend the syntax")
    except (ValueError, RecursionError) as error:
        fault = Fault(file, "file", None, f"cannot be read: {error}", "give shorter numbers and fewer nested lists")
    raise PolicyFaults((fault,))


def _no_dates(value: object) -> object:
    """TOML knows dates, a policy has none: as a table it is a fault wherever it stands."""
    assert isinstance(value, date | datetime | time)
    return {"date": str(value)}


def _field_faults(errors: list[ErrorDetails], tree: dict[str, Any], file: str) -> Iterator[Fault]:
    broken = {error["loc"][:-1] for error in errors}
    for error in errors:
        if error["type"] == "too_short" and error["loc"] in broken:
            continue  # the list is not empty: pydantic counts only its faultless entries
        yield Fault(file, key_of(error["loc"]), _written(tree, error), message_of(error), fix_of(error, Policy))


def _rule_faults(
    errors: list[ErrorDetails], tree: dict[str, Any], file: str, rules: tuple[Rule, ...]
) -> Iterator[Fault]:
    faulty = frozenset(tuple(part for part in error["loc"] if part != "[key]") for error in errors)
    for found in conflicts(tree, faulty, rules):
        yield Fault(file, key_of(found.location), found.value, found.message, found.fix)


def _written(tree: Any, error: ErrorDetails) -> object:
    """What stands in the file: for a faulty key the key itself, for a missing one nothing."""
    if error["type"] == "missing":
        return None
    if error["loc"][-1] == "[key]":
        return str(error["loc"][-2])
    for part in error["loc"]:
        tree = tree[part]
    return tree


def key_of(location: Location) -> str:
    """The place in TOML's own words.

    >>> key_of(("playbooks", 0, "channels", 1)), key_of(("events", "order.paid"))
    ('playbooks[0].channels[1]', 'events."order.paid"')
    """
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            key += f".{part}" if bare else f".{json.dumps(part, ensure_ascii=False)}"
    return key.removeprefix(".")
