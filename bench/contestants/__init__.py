"""One file each, one process each: ``python -m bench.contestants.NAME '{"bootstrap": …}'`` (see :class:`Turn`)."""

import gc
import json
import sys
from pathlib import Path
from typing import NamedTuple

INPUT = "bench.events"


class Turn(NamedTuple):
    """What a contestant is told."""

    bootstrap: str
    name: str
    """Of this turn: consumer group and topics begin with it."""
    total: int
    """Records on the input topic."""
    partitions: int
    folder: str
    """Empty, for local state."""
    changelog: str = ""
    """The topic for state records, there already; called so because the contestant would call it so."""
    way: str = ""
    """Which of a contestant's ways to do it."""

    @property
    def warnings(self) -> str:
        """The topic for warnings; there already, with as many partitions as the input."""
        return f"{self.name}.warnings"

    @property
    def path(self) -> Path:
        return Path(self.folder)


def calm_collector() -> None:
    """As the worker has it (``agents.process``): rivals get what helps us."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def turn() -> Turn:
    """The turn on the command line."""
    return Turn(**json.loads(sys.argv[1]))
