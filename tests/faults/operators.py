"""The operators of a campaign: seeded orders while traffic goes on, each taken back or at its end some seconds later.

They silence and suppress people, pause playbooks, force breakers; sometimes a record comes that is no order at all.
"""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

from tests.faults.rules import CHANNELS
from tests.faults.town import Sent

CONTROL = "churn.control"
SECONDS = 2.0, 8.0
"""So long an order stands, on the wall's clock: long enough to be heard and to meet candidates."""
SILENCE_SECONDS = 0.4, 1.6
"""So long nobody says anything, on the wall's clock."""
PEOPLE_PER_WORD = 300
STANDING = 5
"""One person in so many is suppressed before anything happens, and stays so."""
FORCED = "forced_open", "forced_open", "forced_closed", "shadow", "auto"


class Operators:
    """The same seed gives the same orders in the same order; ``speed`` is simulated seconds a second."""

    def __init__(self, seed: int, people: Sequence[str], playbooks: Sequence[str], speed: float) -> None:
        self._random = random.Random(f"operators {seed}")
        self._standing = self._random.sample(people, len(people) // STANDING)
        self._people = sorted({*people}.difference(self._standing))
        self._playbooks, self._speed = playbooks, speed
        self._lifts: list[tuple[datetime, str]] = []

    def open(self, now: datetime) -> Iterator[Sent]:
        """What is ordered before anybody is warned, and never taken back."""
        for name in self._standing:
            yield self._said(now, "suppress", name)

    def pause(self) -> float:
        """Seconds until somebody speaks again."""
        return self._random.uniform(*SILENCE_SECONDS)

    def speak(self, now: datetime) -> Iterator[Sent]:
        """What is due to be taken back, then something new."""
        while self._lifts and self._lifts[0][0] <= now:
            _at, key = heappop(self._lifts)
            said = (("churn-who", b"ops"), ("churn-why", b"over"), ("churn-at", now.isoformat().encode()))
            yield Sent(now, CONTROL, key.encode(), None, said)
        draw = self._random
        match draw.choices(("people", "pause", "breaker", "nonsense"), (14, 2, 3, 1))[0]:
            case "people":
                for name in draw.sample(self._people, 1 + len(self._people) // PEOPLE_PER_WORD):
                    kind = draw.choice(("silence", "suppress"))
                    yield self._order(now, kind, name, ends=kind == "silence")
            case "pause":
                yield self._order(now, "pause", draw.choice((*self._playbooks, "*")))
            case "breaker":
                yield self._order(now, "breaker", draw.choice(CHANNELS), value=draw.choice(FORCED))
            case "nonsense":
                yield Sent(now, CONTROL, b"silence/nobody", b"{not json")

    def _order(self, now: datetime, kind: str, target: str, ends: bool = False, **more: str) -> Sent:
        """It ends by itself, or is taken back, or both."""
        draw = self._random
        ends = ends or draw.random() < 0.4
        if ends:
            more["until"] = (now + self._time()).isoformat()
        if not ends or draw.random() < 0.3:
            heappush(self._lifts, (now + self._time(), f"{kind}/{target}"))
        return self._said(now, kind, target, **more)

    def _said(self, now: datetime, kind: str, target: str, **more: str) -> Sent:
        body = {"kind": kind, "target": target, "who": "ops", "why": "campaign", "at": now.isoformat(), **more}
        return Sent(now, CONTROL, f"{kind}/{target}".encode(), json.dumps(body).encode())

    def _time(self) -> timedelta:
        return timedelta(seconds=self._random.uniform(*SECONDS) * self._speed)
