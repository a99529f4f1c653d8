"""What a contestant's process reports of itself: one JSON line when all of its results are committed.

The clock starts when the first input record is handed to the contestant's code, and stops when the broker has
acknowledged the last commit. The process's start, joining the group, rebalance and recovery lie before, its end after.
"""

import json
import resource
import time


class Stopwatch:
    """Times one run of ``total`` records."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._begun: tuple[float, float] | None = None

    @property
    def runs(self) -> bool:
        """Whether input has come."""
        return self._begun is not None

    def first(self) -> None:
        """Input has come; only the first call counts."""
        if self._begun is None:
            self._begun = _now()

    def done(self) -> None:
        """Everything is committed: report."""
        assert self._begun is not None
        (wall, cpu), (begun, before) = _now(), self._begun
        report = {"seconds": wall - begun, "cpu_seconds": cpu - before}
        print(json.dumps(report), flush=True)


def _now() -> tuple[float, float]:
    """Seconds, and CPU seconds of all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime
