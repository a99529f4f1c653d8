"""One server kept by a keeper: started, killed, paused and started again at will, gone when this process is gone."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

from agents.local import keeper
from agents.local.errors import CannotRunHere, DidNotStart, Ended

READY_SECONDS = 180.0
STOP_SECONDS = 15.0
TAIL_BYTES = 4_000


class Server(ABC):
    """A server process with a folder of its own, both removed on leaving the ``with`` block or when this process ends.

    Not ready until ``launch`` has returned. Port, folder and data stay the same from one launch to the next.
    """

    name: str

    def __init__(self) -> None:
        # A fresh session keeps Ctrl-C of the terminal away: this side gets it, cleans up, and the keeper follows.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._asking = threading.Lock()
        self._log_start = 0
        self.folder = Path(self._answer())

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether the server does its work by now."""

    def launch(self) -> None:
        """Start the server on what its folder holds and return when it answers.

        Raises:
            DidNotStart: it ended, or was not ready within READY_SECONDS; the error carries the end of its log.
        """
        self._begin(self.command())
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            if not self.running:
                raise DidNotStart(self.name, "it ended at once", self.log[-TAIL_BYTES:])
            if time.monotonic() > deadline:
                raise DidNotStart(self.name, f"it was not ready within {READY_SECONDS:.0f} s", self.log[-TAIL_BYTES:])
            time.sleep(0.02)

    def prepare(self, command: list[str]) -> None:
        """Run a command that gets the folder ready, to its end, under the same keeper.

        Raises:
            DidNotStart: it failed; the error carries the end of what it wrote.
        """
        self._begin(command)
        self._await_end(READY_SECONDS)
        if self._ask("poll") != 0:
            raise DidNotStart(self.name, f"{command[0]} could not get its folder ready", self.log[-TAIL_BYTES:])

    def must_run(self) -> None:
        """Return when the server is there.

        Raises:
            Ended: it is gone, by a fault of its own or by somebody's hand; the error carries the end of its log.
        """
        if not self.running:
            raise Ended(self.name, "it has ended by itself", self.log[-TAIL_BYTES:])

    @property
    def running(self) -> bool:
        """Whether the process exists (a paused one does)."""
        return self._ask("poll") is None

    @property
    def log(self) -> str:
        """What the server has written since it was last launched."""
        with contextlib.suppress(FileNotFoundError), self._log.open("rb") as lines:
            lines.seek(self._log_start)
            return lines.read().decode(errors="replace")
        return ""

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` does; its folder stays."""
        self._ask("signal", signal.SIGKILL)
        self._await_end(STOP_SECONDS)

    def stop(self) -> None:
        """End the server in good order, or by ``kill`` when it takes longer than STOP_SECONDS; its folder stays."""
        self.resume()  # a paused process would not hear the request
        self._ask("signal", signal.SIGTERM)
        if not self._await_end(STOP_SECONDS):
            self.kill()

    def pause(self) -> None:
        """Freeze the server: its connections stay open and nobody answers."""
        self._ask("signal", signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._ask("signal", signal.SIGCONT)

    def close(self) -> None:
        """End server and keeper and remove the folder; safe to call twice."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _log(self) -> Path:
        return self.folder / keeper.LOG

    def _begin(self, command: list[str]) -> None:
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        fault = self._ask("start", command)
        if fault is not None:
            raise CannotRunHere(self.name, fault, "pip install 'churn-alerts[local]'")

    def _await_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _ask(self, *order: Any) -> Any:
        assert self._keeper.stdin is not None
        with self._asking:
            with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and that is told
                self._keeper.stdin.write(json.dumps(order).encode() + b"\n")
            return self._answer()

    def _answer(self) -> Any:
        assert self._keeper.stdout is not None
        line = self._keeper.stdout.readline()
        if not line:
            raise CannotRunHere(self.name, "its keeper process was ended by somebody", "start it anew")
        return json.loads(line)
