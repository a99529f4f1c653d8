"""What must come out of the job, found without it: plain counting over the whole input, with the standard library."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from bench.cluster import Sent

WEEKS_4 = 28


def recount(log: Iterable[Sent]) -> tuple[set[bytes], dict[bytes, dict[int, int]]]:
    """The warnings, and every user's counts by day (days since 1970) within four weeks of the user's newest."""
    counted: Counter[tuple[str, int]] = Counter()
    for sent in log:
        event = json.loads(sent.value)
        day = (datetime.fromisoformat(event["time"]).date() - date(1970, 1, 1)).days
        counted[event["user_id"], day] += 1
    warnings = {f"{user} {day}".encode() for (user, day), count in counted.items() if count >= 10}
    users: dict[bytes, dict[int, int]] = defaultdict(dict)
    for (user, day), count in counted.items():
        users[user.encode()][day] = count
    return warnings, {user: _recent(counts) for user, counts in users.items()}


def _recent(counts: dict[int, int]) -> dict[int, int]:
    return {day: count for day, count in counts.items() if day > max(counts) - WEEKS_4}
