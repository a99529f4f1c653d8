"""How far a product's event time has come in one partition: behind the newest event by a delay; it never goes back."""


class Watermark:
    """Whole seconds since 1970; before any event it lies before all deadlines."""

    __slots__ = ("_delay", "_late", "newest", "time")

    def __init__(self, delay_seconds: int, late_seconds: int, newest: int = 0) -> None:
        self._delay = delay_seconds
        self._late = late_seconds
        self.newest = newest
        self.time = newest - delay_seconds
        """The moment up to which deadlines have fallen due."""

    def moved(self, seconds: int) -> bool:
        """Whether an event of this time moves the watermark; it has moved when this returns.

        >>> watermark = Watermark(delay_seconds=60, late_seconds=3_600)
        >>> watermark.moved(1_000), watermark.moved(900), watermark.time
        (True, False, 940)
        """
        if seconds <= self.newest:
            return False
        self.newest, self.time = seconds, seconds - self._delay
        return True

    def follow(self, time: int) -> bool:
        """Whether ``time``, that of other partitions, moves the watermark, though no event came; it has moved then."""
        return self.moved(time + self._delay)

    def too_late(self, seconds: int) -> bool:
        """Whether an event of this time comes too late to change anything (A4)."""
        return seconds < self.time - self._late
