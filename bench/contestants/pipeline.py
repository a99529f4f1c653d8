"""A role's real process (``agents.process``) with a stopwatch: health, or what the turn's ``way`` names."""

import sys
from collections.abc import Sequence

import agents.app
import agents.process
from agents.batches.role import Fact
from agents.observe import Observer
from bench.contestants import turn
from bench.stopwatch import Stopwatch

watch = Stopwatch(turn().total)


class Timed(Observer):
    """The worker's own observer; the first batch that enters starts the watch, the last commit stops it.

    What an owner reads while it opens (profiles, say) comes before the first batch and is not timed.
    """

    absorbed = 0

    def verdict(self, topic: str, verdict: str) -> None:
        watch.first()
        super().verdict(topic, verdict)

    def transaction(self, partition: int, records: int, facts: Sequence[Fact], seconds: float) -> None:
        super().transaction(partition, records, facts, seconds)
        self.absorbed += records if watch.runs else 0
        if records and self.absorbed == watch.total:
            watch.done()


if __name__ == "__main__":
    agents.app.Observer = Timed  # type: ignore[misc]
    sys.argv[1:] = [turn().way or "health"]
    agents.process.main()
