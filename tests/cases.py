"""How many cases a law thinks of: ``make test`` a few, always the same; ``make laws`` many, and always new ones."""

from typing import Any, Final

from hypothesis import HealthCheck, settings

FIXED: Final = "fixed"
LONG: Final = "long"
MORE: Final = 10
"""``make laws`` thinks of so many times more cases, where a law does not say itself of how many."""


def register() -> None:
    """Hypothesis knows both profiles, and ``fixed`` holds; ``--hypothesis-profile=long`` asks for the other.

    None has a deadline: speed is measured in bench/, never asserted in a test.
    """
    unhurried: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile(FIXED, max_examples=100, derandomize=True, **unhurried)
    # Where it finds itself in CI, Hypothesis takes fixed cases for its default: what is new must be asked for.
    settings.register_profile(LONG, max_examples=100 * MORE, derandomize=False, print_blob=True, **unhurried)
    settings.load_profile(FIXED)


def cases(few: int, many: int | None = None, **more: Any) -> settings:
    """Settings for a law that thinks of ``few`` cases in ``make test`` and ``many`` in ``make laws``.

    ``more`` is Hypothesis's own. Read when a test module is imported, under the profile that is loaded then.
    """
    return settings(max_examples=amount(few, many), **more)


def amount(few: int, many: int | None = None) -> int:
    """``few``, or under ``make laws`` ``many``."""
    long = settings.get_current_profile_name() == LONG
    return (few * MORE if many is None else many) if long else few
