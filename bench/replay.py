"""The loop of ``churn-alerts replay`` over a file, from the first line to the summary, in a process of its own."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from agents.process import calm_collector
from agents.replay import Replay
from agents.replay.folder import Folder
from agents.replay.log import events
from agents.replay.reading import lines
from bench.cluster import Sent
from bench.installation import policy
from bench.stopwatch import Stopwatch

EVERY = timedelta(days=28)


def written(log: Sequence[Sent], path: Path) -> None:
    """The events stand in a file as an operator's export has them."""
    with path.open("w") as out:
        for sent in log:
            event = json.loads(sent.value)
            line = {"user_id": event["user_id"], "ts": event["time"], "event": event["type"], "id": event["id"]}
            out.write(json.dumps(line | event["properties"]) + "\n")


def replay(log: Sequence[Sent]) -> dict[str, Any]:
    """One replay of a log, everybody consenting, a snapshot every four weeks; the same code as the command's."""
    with tempfile.TemporaryDirectory(prefix="bench-replay") as folder:
        path = Path(folder) / "log.jsonl"
        written(log, path)
        words = [sys.executable, "-m", "bench.replay", str(path), str(Path(folder) / "out"), str(len(log))]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        report = json.loads(done.stdout.splitlines()[-1])
    return report | {"events_s": len(log) / report["seconds"]}


def main(path: str, out: str, total: int) -> None:
    """The process that is timed."""
    watch = Stopwatch(total)
    with Folder(Path(out)) as folder, lines(path) as source:
        replay = Replay(policy(), folder, every=EVERY, everybody=True)
        calm_collector()
        watch.first()
        folder.summary(asyncio.run(replay.run(events(source, path))))
        watch.done()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
