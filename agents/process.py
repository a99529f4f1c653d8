"""The process of one role: ``python -m agents.process ROLE``; ``churn-alerts worker`` starts one for each."""

import gc
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import faust

from agents.app import build_app
from agents.batches.supervisor import RESTARTS, end_with_supervisor
from agents.clock import CLOCK, Clock, ScaledClock, SystemClock
from agents.logs import configure_logs
from agents.policy_file import read_policy
from agents.settings import load_settings
from agents.settings.model import RoleName

STOP_SECONDS = 15.0
STUCK = 70
"""Exit code of a process whose orderly stop did not end."""


def main(point: Callable[[str], None] = lambda name: None) -> None:
    """Run the role named on the command line until SIGTERM; exits other than 0 when Faust gives up."""
    end_with_supervisor()
    settings = load_settings()
    configure_logs(settings.log_level)
    role, restarts = RoleName(sys.argv[1]), int(os.environ.get(RESTARTS, "0"))
    app = build_app(settings, read_policy(settings.policy_path), role, clock_here(), point, restarts)

    threading.Thread(target=_end_when_stuck, args=(app,), daemon=True).start()
    calm_collector()
    worker = faust.Worker(app, loglevel=settings.log_level, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # what is written is JSON lines and nothing else
    worker.execute_from_commandline()


def calm_collector() -> None:
    """From here on Python seldom looks for cycles among new objects, and never among those there already.

    Records and state make no cycles; with a million users looking took a third of the path's time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _end_when_stuck(app: Any) -> None:
    """End the process if Faust is told to stop, or stops by itself, and does not come to an end."""
    pause = threading.Event()
    while not app.should_stop:
        pause.wait(1.0)
    pause.wait(STOP_SECONDS)
    os._exit(STUCK)


def clock_here() -> Clock:
    """The machine's clock, or the simulated one that the environment describes."""
    described = os.environ.get(CLOCK)
    if not described:
        return SystemClock()
    start, speed, origin = described.split()
    return ScaledClock(datetime.fromisoformat(start), float(speed), float(origin))


if __name__ == "__main__":
    main()
