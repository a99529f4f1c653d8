"""The files of a replay in one directory: JSON lines of what was published, and a summary."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from schemas import topics

FILES: Final = {
    topics.WARNINGS: "warnings.jsonl",
    topics.STAGES: "stages.jsonl",
    topics.DECISIONS: "decisions.jsonl",
    topics.OUTBOUND: "outbound.jsonl",
}
"""Topic -> the file that has its messages, a line each, as a consumer would read them."""
SNAPSHOTS: Final = "snapshots.jsonl"
SUMMARY: Final = "summary.json"
STATE: Final = "state.bin"
"""What the health role knew at the end."""
POLICY: Final = "policy.json"
"""The policy, with its defaults."""


class Folder:
    """A directory whose replay files are written anew; the summary appears when the replay has ended well."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        (path / SUMMARY).unlink(missing_ok=True)
        self.path = path
        self._files: dict[str, BinaryIO] = {
            name: (path / name).open("wb", buffering=1 << 20) for name in (*FILES.values(), SNAPSHOTS)
        }
        self.lines: Counter[str] = Counter(dict.fromkeys(self._files, 0))

    def message(self, topic: str, value: bytes) -> None:
        """A message stands at the end of its topic's file."""
        self.line(FILES[topic], value)

    def line(self, name: str, value: bytes) -> None:
        """A line stands at the end of a file."""
        self._files[name].write(value + b"\n")
        self.lines[name] += 1

    def messages(self, topic: str) -> Iterator[bytes]:
        """The messages of a topic that stand in its file so far."""
        self._files[FILES[topic]].flush()
        with (self.path / FILES[topic]).open("rb") as lines:
            yield from lines

    def summary(self, found: Mapping[str, Any]) -> None:
        """The summary stands, and everything before it is on disk."""
        for file in self._files.values():
            file.flush()
        text = json.dumps(found, indent=2, ensure_ascii=False)
        (self.path / SUMMARY).write_text(text + "\n", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
