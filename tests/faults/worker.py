"""One worker of the campaign, seen from outside: started, killed, paused, ended at a named point."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from agents.local.ports import free_ports
from tests.faults.worker_process import FOLDER

ROLES = ("health", "dispatcher", "governor")


class Worker:
    """A supervisor and its role processes; everything of it lives in ``folder``."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name, self.folder = name, folder
        folder.mkdir(parents=True)
        own = {FOLDER: str(folder), "CHURN_DATA_DIR": str(folder / "data"), "CHURN_WEB_PORT": str(ports(len(ROLES)))}
        self._environment = {**os.environ, **environment, **own}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether its supervisor is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """The supervisor is being started; its log is appended to."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker_process"],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """The supervisor is gone as by ``kill -9``; its roles notice and end."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 30.0) -> None:
        """It has left in good order, or was killed when that took too long."""
        if self._process is None or not self.runs:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def end(self) -> None:
        """Nothing of it is left, not even a paused role."""
        if self.runs:
            self.kill()
        for role in ROLES:
            self.signal(role, signal.SIGKILL)

    def pid(self, role: str) -> int | None:
        """The process that works on a role; None between two of them."""
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int((self.folder / f"{role}.pid").read_text())
            os.kill(pid, 0)
            return pid
        return None

    def signal(self, role: str, number: signal.Signals) -> int | None:
        """A signal is sent to the process of a role; returns its id, None where there is none."""
        pid = self.pid(role)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pid

    def order(self, role: str, point: str) -> None:
        """The process of a role, this one or the next, dies when it reaches ``point``."""
        draft = self.folder / f"{role}.order"
        draft.write_text(point)
        draft.rename(self._order(role))

    def obeyed(self, role: str) -> bool:
        """Whether the order was carried out."""
        return not self._order(role).exists()

    def withdraw(self, role: str) -> None:
        """Nobody dies of an order any more."""
        self._order(role).unlink(missing_ok=True)

    def upgrade(self, role: str) -> None:
        """Every process of a role that starts from now on is the next release: there is no way back."""
        (self.folder / f"{role}.next").touch()

    def is_next(self, role: str) -> bool:
        """Whether the role has been upgraded here."""
        return (self.folder / f"{role}.next").exists()

    def readiness(self, role: str) -> str:
        """What the role's process says on ``/readyz``; nothing where it does not answer."""
        port = int(self._environment["CHURN_WEB_PORT"]) + ROLES.index(role)
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def _order(self, role: str) -> Path:
        return self.folder / f"{role}.kill"


def ports(count: int) -> int:
    """The first of ``count`` ports in a row on which nobody listens."""
    while True:
        (first,) = free_ports(1)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
