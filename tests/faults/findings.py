"""What an oracle found: each finding is a line that says what, where and of whom."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field


@dataclass
class Findings:
    """``lost``: expected and missing. ``doubled``: more than once. ``wrong``: there, but not what the input says.

    ``stuck``: not finished within the time allowed. ``overspent``: more than there was for all users together.
    ``standing``: stood still for too long.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    overspent: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to report."""
        return not any(vars(self).values())

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return {name: len(found) for name, found in vars(self).items()}

    def compare(self, what: str, expected: Iterable[Hashable], present: Iterable[Hashable]) -> None:
        """Each expected thing must be present once, and nothing else."""
        wanted, there = set(expected), Counter(present)
        self.lost += [f"{what} {one}" for one in sorted(map(str, wanted - there.keys()))]
        self.wrong += [f"{what} {one} should not be" for one in sorted(map(str, there.keys() - wanted))]
        self.doubled += [f"{what} {one}" for one, times in there.items() for _ in range(times - 1)]

    def once(self, what: str, present: Iterable[Hashable]) -> None:
        """Nothing may be present twice."""
        self.doubled += [f"{what} {one}" for one, times in Counter(present).items() for _ in range(times - 1)]

    def amount(self, what: str, expected: int, present: int) -> None:
        """As many as expected; each one less is lost, each one more is doubled."""
        self.lost += [f"{what}: {present} of {expected}"] * max(0, expected - present)
        self.doubled += [f"{what}: {present} for {expected}"] * max(0, present - expected)
