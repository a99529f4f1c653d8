"""The keeper: a small process that owns one server and its folder, and lets neither outlive the process it serves.

Run as a script with the process id it serves. It makes a temporary folder, then obeys orders, a JSON list on a line of
its standard input, each answered by a line on its standard output: ``["start", command]``, ``["signal", number]``,
``["poll"]``. When the input ends (the other side closed it, or is gone by whatever way, ``kill -9`` included), the
server is killed and the folder removed. It runs in a session of its own: Ctrl-C in a terminal does not reach it.

Standard library only, on purpose: it starts in 20 ms and works on Linux and macOS.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOG = "server.log"


class Keeper:
    """One folder and at most one server in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str]) -> str | None:
        """Start the server in the folder, its output appended to the log; return the fault where it cannot be run."""
        try:
            with (self.folder / LOG).open("ab") as log:
                self.server = subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )
        except OSError as fault:
            return str(fault)
        return None

    def signal(self, number: int) -> None:
        """Deliver a signal; nothing happens where no server runs."""
        if self.server is not None:
            self.server.send_signal(number)

    def poll(self) -> int | None:
        """Return the server's exit status: None while it runs, 0 where none was started yet."""
        return self.server.poll() if self.server is not None else 0

    def close(self) -> None:
        """Leave nothing behind."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def orders(parent: int) -> Iterator[list[Any]]:
    """Yield orders until the input ends or the parent is gone.

    The parent is asked for as well as the input: a process forked from it holds the other end of the pipe open.
    """
    while os.getppid() == parent:
        if select.select([sys.stdin], [], [], 0.5)[0]:
            line = sys.stdin.buffer.readline()
            if not line:
                return
            yield json.loads(line)


def main(parent: int) -> None:
    """Serve ``parent`` until it has no more orders."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit())
    keeper = Keeper(Path(tempfile.mkdtemp(prefix="churn-alerts-")))
    try:
        print(json.dumps(str(keeper.folder)), flush=True)
        for name, *arguments in orders(parent):
            print(json.dumps(getattr(keeper, name)(*arguments)), flush=True)
    finally:
        keeper.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
