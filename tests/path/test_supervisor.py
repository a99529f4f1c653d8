"""Children of the supervisor: started again when they end, gone when it is gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

CHILD = """
import os, sys, time
from agents.batches.supervisor import RESTARTS, end_with_supervisor
end_with_supervisor()
print(os.environ[RESTARTS], os.getpid(), flush=True)
if os.environ[RESTARTS] == "0":
    sys.exit(3)
time.sleep(600)
"""
PARENT = """
import asyncio, os, sys
from agents.batches.supervisor import Child, Supervisor
asyncio.run(Supervisor([Child("one", [sys.executable, "-c", sys.argv[1]], os.environ)]).run())
"""


def started(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """A supervisor whose child has ended once and runs again; and the child's process id."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline().split()[0] == "0"
    restarts, pid = parent.stdout.readline().split()
    assert restarts == "1"
    return parent, int(pid)


def gone(pid: int) -> bool:
    """Whether a process that is not our child comes to its end in time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
    return False


def test_a_child_that_ends_is_started_again_and_ends_with_its_supervisors_order(tmp_path: Path) -> None:
    """SIGTERM to the supervisor leaves nothing behind."""
    parent, child = started(tmp_path)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(30) == 0
    assert gone(child)


def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody is left to tell it: the pipe it watches has lost its writer."""
    parent, child = started(tmp_path)
    parent.kill()
    parent.wait()
    assert gone(child)
