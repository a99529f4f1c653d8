"""What the slow reference keeps of one user, and what it says of him."""

from dataclasses import dataclass, field

from tests.laws.reference_learning import Taught
from tests.laws.reference_rules import LADDER

NEVER = -(10**6)


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

    @property
    def days(self) -> list[int]:
        return sorted(self.occasions)

    @property
    def last(self) -> int:
        return max(self.occasions)

    @property
    def repeats(self) -> int:
        return len(self.occasions) - 1


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
