"""One process a role, started again when it ends: Faust gives up on some faults (a long pause, a broker restart)."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

RESTARTS = "RESTARTS"
"""Environment variable that tells a child how often it was started again."""
LIFELINE = "LIFELINE"
"""Environment variable with the number of a pipe that ends when the supervisor does, however it ends."""

STOP_SECONDS = 20.0
QUIET_SECONDS = 30.0
"""After so long without an end the next restart is quick again."""
WAIT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Child:
    """A process to keep running."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]


class Supervisor:
    """Keeps children running until told to stop; they end with it, even when it is killed."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; after it no child is left."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        lifeline, ours = os.pipe()
        os.set_inheritable(lifeline, True)
        try:
            await asyncio.gather(*(self._keep(child, lifeline) for child in self._children))
        finally:
            os.close(lifeline)
            os.close(ours)

    async def _keep(self, child: Child, lifeline: int) -> None:
        loop = asyncio.get_running_loop()
        restarts = quick = 0
        while not self._stopping.is_set():
            begun = loop.time()
            process = await self._start(child, lifeline, restarts)
            await self._first(process.wait())
            if self._stopping.is_set():
                await self._stop(process)
                return
            quick = 0 if loop.time() - begun > QUIET_SECONDS else quick + 1
            wait = WAIT_SECONDS[min(quick, len(WAIT_SECONDS) - 1)]
            log.warning("%s ended with %s, starts again in %.1f s", child.name, process.returncode, wait)
            restarts += 1
            await self._first(asyncio.sleep(wait))

    async def _start(self, child: Child, lifeline: int, restarts: int) -> asyncio.subprocess.Process:
        environment = {**child.environment, RESTARTS: str(restarts), LIFELINE: str(lifeline)}
        return await asyncio.create_subprocess_exec(
            *child.argv, env=environment, pass_fds=(lifeline,), start_new_session=True
        )

    async def _first(self, something: Awaitable[object]) -> None:
        """Wait for it or for the order to stop."""
        tasks = [asyncio.ensure_future(something), asyncio.ensure_future(self._stopping.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        """Ask it to end, and after a while end it."""
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


def end_with_supervisor() -> None:
    """From here on this process ends at once when its supervisor is gone; call it first thing in a child.

    A thread and not a task of the event loop: Faust begins tasks only when it has reached the broker.
    """
    lifeline = os.environ.get(LIFELINE)
    if lifeline is not None:
        threading.Thread(target=_end_at_the_end_of, args=(int(lifeline),), daemon=True).start()


def _end_at_the_end_of(pipe: int) -> None:
    os.read(pipe, 1)  # nobody writes: it returns when the last writer is gone
    os._exit(1)
