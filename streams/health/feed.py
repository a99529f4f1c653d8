"""How steadily a product's events come in one partition: when they stop, the feed and its time stand still (B6)."""

from math import exp
from typing import Final

DAY: Final = 86_400.0
MEMORY: Final = 7 * DAY
STILL_SECONDS: Final = 3_600.0
STILL_GAPS: Final = 10


class Feed:
    """The usual gap between newest event times is the gap that a random moment of the last weeks fell into.

    That is the mean of squares over the mean (length-biased), so that bursts do not hide the pauses between them. It
    begins at a day, which the first weeks of events make fade.
    """

    __slots__ = ("gaps", "squares")

    def __init__(self, gaps: float = MEMORY, squares: float = MEMORY * DAY) -> None:
        self.gaps = gaps
        self.squares = squares
        """Gaps and squared gaps, faded with a memory of seven days; seconds and their squares."""

    @property
    def still_after(self) -> float:
        """A gap after which the feed stands still: ten times the usual one, an hour at least; seconds.

        >>> Feed(gaps=7 * 86_400, squares=7 * 86_400 * 600).still_after
        6000.0
        """
        return max(STILL_SECONDS, STILL_GAPS * self.squares / self.gaps)

    def came(self, gap: int) -> None:
        """An event came so many seconds after the newest before; of a standstill only its beginning counts as usual."""
        counted = gap if gap <= STILL_SECONDS else min(gap, self.still_after)
        kept = exp(-counted / MEMORY)
        self.gaps = kept * self.gaps + counted
        self.squares = kept * self.squares + counted * counted

    def stood(self, gap: int) -> bool:
        """Whether the feed stood still in a gap of so many seconds."""
        return gap > self.still_after
