"""What must be so of recalls: one message after the other, each only because the one before it has failed for good."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.faults.book import Book, Stood
from tests.faults.findings import Findings

Json = dict[str, Any]
FAILURES = ("failed", "bounced")
ARRIVED = ("delivered", "opened", "clicked", "complained", "unsubscribed")


def readable(record: Stood) -> Json | None:
    """A profile or report; None for a deletion, or for what is neither."""
    try:
        found = json.loads(record.value or b"null")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("user_id") == (record.key or b"").decode() else None


def sound(record: Stood) -> bool:
    """Whether a profile or report holds nothing that cannot be kept; what is not sound is a dead letter."""
    found = readable(record)
    if found is None:
        return False
    numbers = [value for value in found.values() if isinstance(value, int | float) and not isinstance(value, bool)]
    moments = [found[name] for name in ("time", "silent_until") if found.get(name)]
    return all(-(2**53) <= number <= 2**53 for number in numbers) and all(map(_in_calendar, moments))


def _in_calendar(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment).astimezone(UTC)
    except OverflowError:
        return False
    return True


class Reports:
    """The kinds of feedback about each message, in the order in which they stand on their topic."""

    def __init__(self, book: Book) -> None:
        self._kinds: dict[str, list[str]] = defaultdict(list)
        for report in (readable(each) for each in book.read("churn.feedback") if sound(each)):
            self._kinds[report["message"]].append(report["kind"])

    def failed(self, message: str) -> bool:
        """Whether a message was said to have failed before anything said that it arrived."""
        told = [kind for kind in self._kinds.get(message, ()) if kind in (*FAILURES, *ARRIVED)]
        return bool(told) and told[0] in FAILURES


def check_recalls(outbound: Sequence[Json], reports: Reports, findings: Findings) -> None:
    """Messages of a recall are numbered from 1, each on a channel of its own, each after a failure of the last."""
    recalls: dict[str, dict[int, Json]] = defaultdict(dict)
    for message in outbound:
        recalls[message["recall"]].setdefault(message["number"], message)
    findings.once("recall", ((m["user_id"], m["episode"], m["stage"], m["number"]) for m in outbound))
    for recall, sent in recalls.items():
        findings.compare(f"message of recall {recall}, number", range(1, max(sent) + 1), list(sent))
        findings.once(f"channel of recall {recall},", (message["channel"] for message in sent.values()))
        for before, after in pairwise(sent[number] for number in sorted(sent)):
            if not reports.failed(before["id"]):
                findings.wrong.append(f"message {after['id']} follows {before['id']}, which has not failed")


def check_going_on(
    outbound: Sequence[Json], decisions: dict[str, list[Json]], returned: set[str], reports: Reports, findings: Findings
) -> None:
    """A failed message was judged again, unless the user is back or a later recall of his has begun."""
    last = {message["user_id"]: message["recall"] for message in outbound}
    for message in outbound:
        if not reports.failed(message["id"]) or message["user_id"] in returned:
            continue
        sent = [d for d in decisions.get(message["warning"], ()) if d.get("message") == message["id"]]
        again = [d for d in decisions.get(message["warning"], ()) if any(d["number"] > s["number"] for s in sent)]
        if not again and last[message["user_id"]] == message["recall"]:
            findings.lost.append(f"decision about the failed message {message['id']} of {message['user_id']}")
