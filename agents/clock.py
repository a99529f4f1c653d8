"""The only place that reads time; everywhere else ``now`` is an argument."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK = "CHURN_CLOCK"
"""Environment variable with simulated time, ``START SPEED ORIGIN``, the words of :class:`ScaledClock`; a worker's
processes, and whoever feeds them, agree by it.
"""


class Clock(Protocol):
    """Whoever can say what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock; it may step (NTP), so whoever keeps state reads it through a guard of its own."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that begins at ``start`` and runs ``speed`` times as fast as the machine; it never goes backwards.

    ``speed`` is simulated seconds per second, above 0. ``origin`` is the monotonic reading at ``start``, by default
    now; processes of one machine that are given the same one agree on the time. A naive start or another speed raises
    ``ValueError``.
    """

    start: datetime
    speed: float = 1.0
    origin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError(
                f"start={self.start} has no time zone; give an aware time such as 2026-01-05T10:00:00+08:00"
            )
        if not 0 < self.speed < float("inf"):
            raise ValueError(f"speed={self.speed} must be above 0 and finite; give simulated seconds per second")

    def __str__(self) -> str:
        """``START SPEED ORIGIN``: ISO time, simulated seconds a second, the monotonic reading at the start."""
        return f"{self.start.isoformat()} {self.speed} {self.origin}"

    def now(self) -> datetime:
        elapsed = timedelta(seconds=(time.monotonic() - self.origin) * self.speed)
        return self.start.astimezone(UTC) + elapsed
