"""What the slow reference keeps of one user, and what it says of him."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from tests.laws.reference_learning import Taught
from tests.laws.reference_rules import LADDER

NEVER = -(10**6)
S, R, P = TypeVar("S"), TypeVar("R"), ParamSpec("P")


@dataclass
class Life:
    """One user in one product: days with their number of events, days of complaints and of key behaviour, what every
    silence began with.
    """

    user: str
    occasions: dict[int, int] = field(default_factory=dict)
    complaints: list[int] = field(default_factory=list)
    with_: dict[int, Taught] = field(default_factory=dict)
    asked: tuple[int, float, list[int], int] | None = None
    baseline: float = -1.0
    begun_at: float = -1.0
    armed: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(LADDER, True))
    warned: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LADDER, NEVER))
    spoken: str = ""
    since: int = -1
    said: float = 0.0
    keys: list[int] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    alarms: set[str] = field(default_factory=set)
    disarmed: set[str] = field(default_factory=set)
    stage: str = "healthy"
    returned: int | None = None
    newest: tuple[int, int] = (0, NEVER)
    """How many days with activity there are, and the last of them."""
    kept: dict[Any, Any] = field(default_factory=dict)
    kept_of: tuple[int, ...] = ()

    @property
    def days(self) -> list[int]:
        return sorted(self.occasions)

    @property
    def last(self) -> int:
        if self.newest[0] != len(self.occasions):
            self.newest = len(self.occasions), max(self.occasions)
        return self.newest[1]

    @property
    def repeats(self) -> int:
        return len(self.occasions) - 1

    def once(self, name: Any, work: Callable[[], Any]) -> Any:
        """What work gives, worked out once for as long as nothing happens to the user."""
        now = len(self.occasions), self.occasions[self.last], len(self.complaints)
        if now != self.kept_of:
            self.kept_of, self.kept = now, {}
        if name not in self.kept:
            self.kept[name] = work()
        return self.kept[name]


def lasting(method: Callable[Concatenate[S, Life, P], R]) -> Callable[Concatenate[S, Life, P], R]:
    """What a method works out from all days of a life, it works out once until the next of them."""

    @wraps(method)
    def once(self: S, life: Life, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = life.once((method.__name__, args), lambda: method(self, life, *args, **kwargs))
        return result

    return once


@dataclass(frozen=True)
class Said:
    """What must be said of one user; ``parts`` is 100,000 minus the index, part by part. A change of stage has the
    stages before and after for its level.
    """

    level: str
    at: float
    index: int
    parts: tuple[int, ...]
    threshold: int
    last: int
    taught: str = ""
    rules: tuple[str, ...] = ()
    since: int = -1
