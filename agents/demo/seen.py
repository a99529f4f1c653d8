"""What was seen on our topics, counted, with the newest of each kind."""

from collections import Counter, deque
from typing import TypedDict

from schemas.base import Message
from schemas.decision import Decision
from schemas.outbound import Outbound
from schemas.warning import Warning

KEPT = 50


class Summary(TypedDict):
    """What the demo says at its end; ``first_warning_s``: seconds from its start to the first warning seen."""

    events: int
    warnings: int
    decisions: int
    outbound: int
    first_warning_s: float | None


class Seen:
    """Counts warnings by level, decisions by outcome (and reason), messages by channel."""

    def __init__(self) -> None:
        self.warnings: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.outbound: Counter[str] = Counter()
        self.first_warning_s: float | None = None
        self.totals: Counter[type[Message]] = Counter()
        self.newest: dict[type[Message], deque[Message]] = {
            kind: deque(maxlen=KEPT) for kind in (Warning, Decision, Outbound)
        }

    def take(self, message: Message, seconds: float) -> None:
        """One more message, seen so many seconds after the start."""
        self.totals[type(message)] += 1
        self.newest[type(message)].append(message)
        match message:
            case Warning():
                self.warnings[message.level] += 1
                if self.first_warning_s is None:
                    self.first_warning_s = round(seconds, 2)
            case Decision():
                self.decisions[f"{message.outcome}" + (f" {message.reason}" if message.reason else "")] += 1
            case Outbound():
                self.outbound[message.channel] += 1

    def summary(self, events: int) -> Summary:
        """The totals, where so many events were written."""
        return Summary(
            events=events,
            warnings=self.totals[Warning],
            decisions=self.totals[Decision],
            outbound=self.totals[Outbound],
            first_warning_s=self.first_warning_s,
        )
