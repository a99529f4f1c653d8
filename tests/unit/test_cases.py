"""How many cases laws think of: the same few in ``make test``, many new ones in ``make laws``."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.cases import FIXED, LONG, MORE, amount, cases

LAWS = sorted(path for folder in ("laws", "fuzz") for path in (Path(__file__).parents[1] / folder).glob("*.py"))


def thought_of(profile: str, number: int | None = None) -> list[int]:
    """The cases of a law under a profile, and with a seed if there is one."""
    found: list[int] = []

    @settings(settings.get_profile(profile), max_examples=20, database=None)
    @given(st.integers())
    def law(case: int) -> None:
        found.append(case)

    (law if number is None else seed(number)(law))()
    return found


def test_fixed_cases_are_always_the_same() -> None:
    """What is green once is green until the code changes; and ``make test`` runs under this profile."""
    assert settings.get_current_profile_name() == FIXED
    assert thought_of(FIXED) == thought_of(FIXED)


def test_long_cases_are_the_same_with_the_same_seed_alone() -> None:
    """So what fails can be seen again, and each round tries others."""
    assert thought_of(LONG, 1) == thought_of(LONG, 1) != thought_of(LONG, 2)
    assert thought_of(LONG) != thought_of(LONG)


@pytest.fixture
def long() -> Iterator[None]:
    settings.load_profile(LONG)
    yield
    settings.load_profile(FIXED)


def test_a_law_thinks_of_few_cases_under_the_fixed_profile() -> None:
    assert (cases(20).max_examples, amount(20, 7_000)) == (20, 20)


@pytest.mark.usefixtures("long")
def test_a_law_thinks_of_many_cases_under_the_long_profile() -> None:
    """Ten times as many, or as many as the law says itself."""
    assert (cases(20).max_examples, amount(20, 7_000)) == (20 * MORE, 7_000)


@pytest.mark.parametrize("path", LAWS, ids=lambda path: path.name)
def test_no_law_says_past_the_profiles_of_how_many_cases_it_thinks(path: Path) -> None:
    """Hypothesis's own settings would think of as few under ``make laws``."""
    assert not re.search(r"\bmax_examples\b|@settings\b|derandomize", path.read_text())
