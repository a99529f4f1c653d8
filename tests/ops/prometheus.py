"""A real Prometheus on this machine, kept like the other servers: gone with its folder when the test is over."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from agents.local.ports import free_ports
from agents.local.process import Server
from tests.ops.rules import ROOT

EXAMPLE = ROOT / "deploy/prometheus/prometheus.yml"
WAIT_SECONDS = 60.0


class Prometheus(Server):
    """Debian's Prometheus on our configuration and rules, with other targets and a look every second."""

    name = "Prometheus"

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        (port,) = free_ports(1)
        self._where = f"http://127.0.0.1:{port}"
        self._listen = f"127.0.0.1:{port}"
        config = yaml.safe_load(EXAMPLE.read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(EXAMPLE.parent / pattern) for pattern in config["rule_files"]]
        [job] = config["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def command(self) -> list[str]:
        """Return the command line."""
        config, data = self.folder / "prometheus.yml", self.folder / "data"
        where = [f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address={self._listen}"]
        return ["prometheus", *where, "--log.level=warn"]

    def answers(self) -> bool:
        """Say whether it is ready."""
        try:
            with urlopen(f"{self._where}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def api(self, path: str, **arguments: str) -> Any:
        """The data of an answer of its HTTP API; an error of it is raised."""
        with urlopen(f"{self._where}/api/v1/{path}?{urlencode(arguments)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, expr: str) -> list[float]:
        """What an expression gives now, in order of value."""
        return sorted(float(each["value"][1]) for each in self.api("query", query=expr)["result"])

    def rules(self) -> list[dict[str, Any]]:
        """Every rule as Prometheus sees it: its health, last error, state."""
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def alert(self, name: str) -> str:
        """An alert's state: inactive, pending or firing."""
        [state] = [rule["state"] for rule in self.rules() if rule["name"] == name]
        return str(state)


def eventually(true: Callable[[], bool], what: str) -> None:
    """Return when it is so; fails after a minute."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
