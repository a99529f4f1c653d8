"""A pretend messaging system: reads what shall be sent, and reports what became of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from agents.demo.source import Due
from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound

FAILS, OPENS, CLICKS, COMPLAINS, UNSUBSCRIBES = 0.03, 0.4, 0.3, 0.001, 0.005
"""Chances: of a message, of one delivered, of one opened, and (the last two) of one delivered."""


def reports(message: Outbound, seed: int) -> list[Feedback]:
    """Everything that will be reported of a message, by time; the same for one seed and message, whoever asks."""
    random = Random(f"message {seed} {message.id}")
    kinds = [(FeedbackKind.ACCEPTED, 2.0)]
    if random.random() < FAILS:
        kinds.append((FeedbackKind.FAILED, random.uniform(5, 120)))
    else:
        kinds.append((FeedbackKind.DELIVERED, random.uniform(5, 120)))
        kinds += _read(random)
    return [_report(message, kind, seconds) for kind, seconds in sorted(kinds, key=lambda each: each[1])]


def _read(random: Random) -> Iterator[tuple[FeedbackKind, float]]:
    """What people do with a message that reached them, seconds after it was sent."""
    after = random.uniform(300, 6 * 3_600)
    if random.random() < OPENS:
        yield FeedbackKind.OPENED, after
        if random.random() < CLICKS:
            yield FeedbackKind.CLICKED, after + 20
    if random.random() < COMPLAINS:
        yield FeedbackKind.COMPLAINED, after + 60
    if random.random() < UNSUBSCRIBES:
        yield FeedbackKind.UNSUBSCRIBED, after + 90


def _report(message: Outbound, kind: FeedbackKind, seconds: float) -> Feedback:
    return Feedback(
        id=f"{message.id}-{kind}",
        message=message.id,
        user_id=message.user_id,
        channel=message.channel,
        kind=kind,
        time=message.at + timedelta(seconds=seconds),
    )


class Messaging:
    """Takes messages and, later, says what became of them; a message that comes twice is sent once."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._taken: set[str] = set()
        self._later: list[Due] = []

    def take(self, message: Outbound) -> None:
        """The message is on its way."""
        if message.id not in self._taken:
            self._taken.add(message.id)
            for report in reports(message, self._seed):
                heappush(self._later, Due(report.time, report.TOPIC, report.key.encode(), report.encode()))

    def due(self, now: datetime) -> Iterator[Due]:
        """The reports whose time has come, by time; each is handed out once."""
        while self._later and self._later[0].at <= now:
            yield heappop(self._later)
