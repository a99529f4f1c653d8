"""Whether a partition fails again and again, whatever its state is at the moment."""

from collections.abc import Callable

FAILURES = 3
FAILING_SECONDS = 30.0
"""A partition that has failed so often, or for so long, without any work done in between does not work."""


class Failing:
    """The faults since work was last done; ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._count = 0
        self._since = 0.0
        self.fault = ""
        """The first line of the last one; empty where there is none."""
        self.broken = False
        """Whether one of them was a standstill, which no retry mends."""

    def __bool__(self) -> bool:
        lasts = self._clock() - self._since
        return self.broken or self._count >= FAILURES or (self._count > 0 and lasts >= FAILING_SECONDS)

    def failed(self, fault: BaseException, broken: bool = False) -> None:
        """One more fault; ``broken`` where it is a standstill.

        >>> seconds = 0.0
        >>> failing = Failing(lambda: seconds)
        >>> failing.failed(ValueError("no number")); bool(failing), failing.fault
        (False, 'no number')
        >>> seconds = 30.0
        >>> bool(failing)
        True
        """
        self._since = self._since if self._count else self._clock()
        self._count += 1
        self.broken = self.broken or broken
        self.fault = (str(fault) or repr(fault)).splitlines()[0]

    def worked(self) -> bool:
        """Work was done; whether there was a fault before it."""
        had, self._count, self.fault, self.broken = bool(self._count), 0, "", False
        return had
