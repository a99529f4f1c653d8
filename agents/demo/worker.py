"""The real worker, ``churn-alerts worker``, kept like the servers here: it and its folder go with this process."""

import sys
from urllib.error import URLError
from urllib.request import urlopen

from agents.local.process import Server
from agents.settings import Settings

ANSWER_SECONDS = 2.0


class Worker(Server):
    """All roles of one installation; its settings reach it through the environment of this process."""

    name = "The worker"

    def __init__(self, settings: Settings) -> None:
        self._pages = {role: f"http://{settings.web_host}:{settings.port(role)}" for role in settings.roles}
        super().__init__()

    def command(self) -> list[str]:
        """Return the command line that a person would type."""
        return [sys.executable, "-m", "agents", "worker"]

    def answers(self) -> bool:
        """Say whether every role works all of its partitions."""
        return all(_ok(f"{page}/readyz") for page in self._pages.values())

    @property
    def where(self) -> str:
        """Where the roles' pages are, for people."""
        return "  ".join(f"{role} {page}" for role, page in self._pages.items())


def _ok(page: str) -> bool:
    try:
        with urlopen(page, timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):  # not listening yet, or 503: not ready
        return False
