"""The real health worker (``agents.process health``) with a stopwatch; settings come by the environment."""

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
    """The worker's own observer; the first batch that enters starts the watch, the last commit stops it."""

    absorbed = 0

    def verdict(self, topic: str, verdict: str) -> None:
        watch.first()
        super().verdict(topic, verdict)

    def transaction(self, partition: int, records: int, facts: Sequence[Fact], seconds: float) -> None:
        super().transaction(partition, records, facts, seconds)
        self.absorbed += records
        if records and self.absorbed == watch.total:
            watch.done()


if __name__ == "__main__":
    agents.app.Observer = Timed  # type: ignore[misc]
    sys.argv[1:] = ["health"]
    agents.process.main()
