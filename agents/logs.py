"""Logs as JSON, one line a record, on stderr: ts, level, logger, message, and whatever ``extra`` carries."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import IO

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


CHATTY = ("aiokafka.consumer.subscription_state",)
"""Loggers that say every time at info what one of our readers has turned to; their warnings are heard."""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; fields of ``extra`` keep their names, and what JSON cannot say becomes text."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {name: value for name, value in record.__dict__.items() if name not in _STANDARD and name not in line}
        line |= extra
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Repeats(logging.Filter):
    """Lets a warning or error of the same words through once in ``seconds``; the next one says how many were left out.

    While a broker is away its clients repeat themselves hundreds of times a second. Of other libraries' lines the words
    are what stands before the values are put in; of ours, the whole line.
    A line with a ``count`` is one of few already, and its count must not be missed.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[tuple[str, object], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or "count" in record.__dict__:
            return True
        words = (record.name, record.getMessage() if record.name.startswith("agents.") else record.msg)
        at, left_out = self._said.get(words, (float("-inf"), 0))
        now = time.monotonic()
        if now - at < self._seconds:
            self._said[words] = (at, left_out + 1)
            return False
        self._said[words] = (now, 0)
        if left_out:
            record.repeated = left_out
        return True


def configure_logs(level: str = "info", stream: IO[str] | None = None) -> None:
    """Make the root logger write JSON lines at ``level`` (debug, info, warning, error) and nothing else; repeatable."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    logging.captureWarnings(True)
