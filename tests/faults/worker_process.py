"""The worker of a campaign: the shipped one, in the campaign's hand.

``python -m tests.faults.worker_process`` is ``churn-alerts worker`` whose role processes are this module again,
``... ROLE``: :func:`agents.process.main` with a ``point`` that kills the process where the campaign has ordered it.
``FAULTS_FOLDER`` is where they meet: ``ROLE.pid`` says who works, ``ROLE.kill`` holds the point to die at.
Where ``ROLE.next`` stands, the process is the next release (see :mod:`tests.faults.next_release`).
``FAULTS_BUGS`` names bugs to plant (see :mod:`tests.faults.planted`). Without orders and bugs nothing differs.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from agents import process
from agents.batches.supervisor import Child
from agents.cli import worker
from agents.settings.model import RoleName
from tests.faults import next_release, planted

FOLDER, BUGS = "FAULTS_FOLDER", "FAULTS_BUGS"


def killer(order: Path) -> Callable[[str], None]:
    """Dies, as by ``kill -9``, at the point that ``order`` names; the order is taken away first, so it counts once."""

    def point(name: str) -> None:
        if order.exists() and order.read_text() == name:
            order.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)

    return point


def children(roles: Sequence[RoleName]) -> list[Child]:
    """What the shipped worker starts, but through this module."""
    return [Child(role.value, [sys.executable, "-m", __spec__.name, role.value], os.environ) for role in roles]


def end_with_campaign() -> None:
    """The campaign holds the other end of standard input: when it is gone, so is this worker."""
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Supervise, or be one role."""
    if len(sys.argv) == 1:
        worker.children = children
        threading.Thread(target=end_with_campaign, daemon=True).start()
        worker.command()
    folder, role = Path(os.environ[FOLDER]), sys.argv[1]
    (folder / f"{role}.pid").write_text(str(os.getpid()))
    if (folder / f"{role}.next").exists():
        next_release.raise_all()
    for bug in os.environ.get(BUGS, "").split():
        planted.BUGS[bug]()
    process.main(killer(folder / f"{role}.kill"))


if __name__ == "__main__":
    main()
