"""Laws of policy files: a name of the content alone, and all faults of a file in one answer."""

import copy
import json
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy import PolicyFaults, parse_policy
from tests.cases import cases

SHOP = (Path(__file__).parents[2] / "deploy/policies/shop.toml").read_text()
TREE = tomllib.loads(SHOP)
HASH = parse_policy(SHOP, "shop.toml").hash
MISSING = object()

# Where, what is written there, the key that is to be named. No two of them write to one place.
PLANTS: list[tuple[tuple[int | str, ...], object, str]] = [
    (("name",), "Bad Name", "name"),
    (("colour",), "red", "colour"),
    (("warnings", "risk"), 150, "warnings.risk"),
    (("warnings", "critical"), "low", "warnings.critical"),
    (("warnings", "rearm_ratio"), float("nan"), "warnings.rearm_ratio"),
    (("warnings", "decline", "period_days"), 0, "warnings.decline.period_days"),
    (("warnings", "shock", "low_score"), "two", "warnings.shock.low_score"),
    (("warnings", "stages", "dormant"), 6.0, "warnings.stages.dormant"),
    (("breaker", "min_sends"), 0, "breaker.min_sends"),
    (("breaker", "complaint_warn"), 0.5, "breaker.complaint_warn"),
    (("breaker", "failure_warn"), 0.15, "breaker.failure_warn"),
    (("breaker", "open_minuts"), 5, "breaker.open_minuts"),
    (("products", "default", "zone"), "Mars/Base", "products.default.zone"),
    (("products", "grocery", "horizon_days"), 1, "products.grocery.horizon_days"),
    (("products", "grocery", "activity"), ["session", "uninstalled"], "products.grocery.activity[1]"),
    (("events", "order.paid"), "purchse", 'events."order.paid"'),
    (("channels", "fax"), {"cost": 1.0, "rate_per_second": 1.0}, "channels.fax"),
    (("channels", "sms", "cost"), -1, "channels.sms.cost"),
    (("channels", "sms", "rate_per_second"), MISSING, "channels.sms.rate_per_second"),
    (("caps", 0, "hours"), MISSING, "caps[0].hours"),
    (("caps", 1, "name"), "Week", "caps[1].name"),
    (("quiet_hours", 0, "zones"), ["Mars/*"], "quiet_hours[0].zones[0]"),
    (("quiet_hours", 0, "allowed_to"), "24:00", "quiet_hours[0].allowed_to"),
    (("silence", "service_complaint_days"), 4_000, "silence.service_complaint_days"),
    (("playbooks", 0, "class"), "caring", "playbooks[0].class"),
    (("dispatch", "expiry_hours"), 7.5, "dispatch.expiry_hours"),
    (("intake", "max_bytes"), True, "intake.max_bytes"),
    (("playbooks", 0, "name"), MISSING, "playbooks[0].name"),
    (("playbooks", 0, "channels", 1), "pigeon", "playbooks[0].channels[1]"),
    (("playbooks", 0, "link"), "shop.example", "playbooks[0].link"),
    (("playbooks", 1, "levels"), ["recovered"], "playbooks[1].levels[0]"),
    (("playbooks", 1, "products"), ["*", "ghost"], "playbooks[1].products[1]"),
    (("playbooks", 1, "channels"), ["push", "push"], "playbooks[1].channels"),
]


def toml(value: Any, shuffle: Random | None = None) -> str:
    """The value as TOML, tables inline, keys in any order."""
    if isinstance(value, dict):
        pairs = list(value.items())
        if shuffle:
            shuffle.shuffle(pairs)
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(entry, shuffle)}" for key, entry in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(entry, shuffle) for entry in value) + "]"
    return str(value) if isinstance(value, float) else json.dumps(value)


def file_of(tree: dict[str, Any], shuffle: Random | None = None) -> str:
    """A policy file that says what the tree says."""
    pairs = list(tree.items())
    if shuffle:
        shuffle.shuffle(pairs)
    return "".join(f"{json.dumps(key)}   =  {toml(value, shuffle)} # a comment\n\n" for key, value in pairs)


def plant(tree: dict[str, Any], where: tuple[int | str, ...], what: object) -> None:
    """Write something into the tree, or take it away."""
    place: Any = tree
    for part in where[:-1]:
        place = place[part]
    if what is MISSING:
        del place[where[-1]]
    else:
        place[where[-1]] = what


@given(st.randoms(use_true_random=False))
def test_order_of_keys_white_space_and_comments_never_change_the_hash(shuffle: Random) -> None:
    assert parse_policy(file_of(TREE, shuffle), "x").hash == HASH


def test_spelled_out_defaults_never_change_the_hash() -> None:
    full = parse_policy(SHOP, "x").model_dump(mode="json", exclude_none=True)
    assert parse_policy(file_of(full), "x").hash == HASH


NUMBERS = [
    (section, key)
    for section in ("warnings", "breaker", "dispatch", "intake")
    for key, value in TREE[section].items()
    if isinstance(value, int | float)
]


@given(st.sampled_from(NUMBERS), st.sampled_from([0.99, 1.01]))
def test_another_number_is_another_hash(where: tuple[str, str], factor: float) -> None:
    section, key = where
    value = TREE[section][key]
    changed = copy.deepcopy(TREE)
    changed[section][key] = value * factor if isinstance(value, float) else value + 1
    if key in ("rearm_ratio", "baseline_ratio") and changed[section][key] > 1:
        return
    assert parse_policy(file_of(changed), "x").hash != HASH


@cases(60)
@given(st.sets(st.sampled_from(range(len(PLANTS))), min_size=1), st.randoms(use_true_random=False))
def test_every_planted_fault_is_told_in_one_answer_and_nothing_else(chosen: set[int], shuffle: Random) -> None:
    tree = copy.deepcopy(TREE)
    for where, what, _ in (PLANTS[number] for number in chosen):
        plant(tree, where, what)
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(file_of(tree, shuffle), "shop.toml")
    assert sorted(fault.key for fault in caught.value.faults) == sorted(PLANTS[number][2] for number in chosen)
    assert all(fault.file == "shop.toml" and fault.message and fault.fix for fault in caught.value.faults)


@given(st.text())
def test_any_text_is_a_policy_or_a_list_of_faults(text: str) -> None:
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(text, "x")
    assert caught.value.faults


@cases(100)
@given(
    st.integers(0, len(SHOP) - 1),
    st.integers(0, 40),
    st.sampled_from(
        ["", "0", "-1", "inf", "[", "{}", '"', "1979-05-27", "\n[[playbooks]]\n", "true", "x = 1\n", "é\u2028"]
    ),
)
def test_a_damaged_file_is_a_policy_or_a_list_of_faults(at: int, cut: int, put: str) -> None:
    try:
        said = parse_policy(SHOP[:at] + put + SHOP[at + cut :], "x").hash
    except PolicyFaults as found:
        said = str(found)
    assert said
