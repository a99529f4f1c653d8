"""Versions of what we write for ourselves: an older one is brought up step by step, a newer one is never read (H8)."""

from collections.abc import Callable, Mapping
from typing import Any

Upgrade = Callable[[Any], Any]
"""Turns a decoded value of one version, without types, into one of the next version."""
Upgrades = Mapping[int, Upgrade]
"""By the version they start from."""


class NewerRecord(Exception):
    """A program of a later release wrote this record: the partition waits for a worker that can read all of it."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"{name} was written by a newer program; upgrade this worker ({found})")
        self.name = name


def upgraded(value: Any, found: int, upgrades: Upgrades, version: int) -> Any:
    """The value of version ``found`` as ``version`` has it; raises KeyError where an upgrade on the way is missing.

    >>> upgraded([1], 1, {1: lambda fields: [*fields, 0], 2: lambda fields: fields[::-1]}, 3)
    [0, 1]
    """
    for step in range(found, version):
        value = upgrades[step](value)
    return value
