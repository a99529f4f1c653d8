"""Records that somebody else's program writes one day: each is refused, and nobody else is to notice it."""

import json
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.faults.town import EVENTS, FEEDBACK, PROFILES, Sent

CONTROL = "churn.control"
ZEROS = bytes(5_000_000)
"""A few kilobytes on the wire, compressed."""
PER_BLOW = 40


def odd_records(draw: random.Random, at: datetime) -> Iterator[Sent]:
    """Some of every kind, about users of their own, in random order."""
    makers = [
        _zeros,
        _deep,
        _reserved,
        _ancient,
        _endless_silence,
        _endless_number,
        _no_number,
        _ancient_report,
        _words,
    ]
    for _ in range(PER_BLOW):
        yield draw.choice(makers)(f"odd-{draw.randrange(50)}", at, draw.randrange(10**12))


def _sent(at: datetime, topic: str, user: str, body: Any, **more: Any) -> Sent:
    value = body if isinstance(body, bytes) else json.dumps({"user_id": user, "time": at.isoformat()} | body | more)
    return Sent(at, topic, user.encode(), value if isinstance(value, bytes) else value.encode())


def _event(user: str, at: datetime, number: int, **more: Any) -> Sent:
    return _sent(at, EVENTS, user, {"id": f"odd-{number}", "source": "odd", "type": "app.opened"}, **more)


def _zeros(user: str, at: datetime, number: int) -> Sent:
    return _sent(at, EVENTS, user, ZEROS)


def _deep(user: str, at: datetime, number: int) -> Sent:
    return _sent(at, PROFILES, user, b"[" * 100_000)


def _reserved(user: str, at: datetime, number: int) -> Sent:
    return _event("\0partition", at, number)


def _ancient(user: str, at: datetime, number: int) -> Sent:
    return _event(user, at, number, time="0001-01-01T00:00:00+14:00")


def _endless_silence(user: str, at: datetime, number: int) -> Sent:
    return _sent(at, PROFILES, user, {"consent": {"push": False}}, silent_until="9999-12-31T23:59:59-08:00")


def _endless_number(user: str, at: datetime, number: int) -> Sent:
    return _sent(at, PROFILES, user, {"coupons_issued": 10**30})


def _no_number(user: str, at: datetime, number: int) -> Sent:
    return _sent(at, PROFILES, user, {"total_spend": float("nan")})


def _ancient_report(user: str, at: datetime, number: int) -> Sent:
    body = {"id": f"f{number}", "message": "m", "channel": "push", "kind": "unsubscribed"}
    return _sent(at, FEEDBACK, user, body, time="0001-01-01T00:00:00+14:00")


def _words(user: str, at: datetime, number: int) -> Sent:
    return Sent(at, CONTROL, f"suppress/odd-{number}".encode(), b'{"until": "9999-12-31T23:59:59-08:00"}')
