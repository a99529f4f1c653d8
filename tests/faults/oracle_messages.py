"""What must be so of decisions and messages, whatever the order in which their inputs met: one end for each candidate.

Which of two inputs a dispatcher sees first is nobody's promise, so a decision is held against what can be true: a
reason must have its ground on the topics, a message its consent, a user his peace.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.faults.book import Book, Stood
from tests.faults.findings import Findings
from tests.faults.oracle_orders import ORDERED
from tests.faults.oracle_recalls import Reports, check_going_on, check_recalls, readable
from tests.faults.rules import Rules

Json = dict[str, Any]
CANDIDATES = ("watch", "risk", "critical")
UNANSWERED = [[reason] for reason in ("no_playbook", "suppressed", "overtaken", "replaced", "expired")]
"""All that may be said of a candidate of a level that no playbook answers; before it is judged it may be overtaken,
replaced, or expire: a partition that stands still for 7 s stands still for three simulated days.
"""


def said(records: Iterable[Stood]) -> list[Json]:
    """The messages of a topic."""
    return [json.loads(record.value or b"") for record in records]


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def by(name: str, messages: Iterable[Json]) -> dict[str, list[Json]]:
    """Messages grouped by a field, in their order."""
    groups: dict[str, list[Json]] = defaultdict(list)
    for message in messages:
        groups[message[name]].append(message)
    return groups


class Messages:
    """Decisions and outbound messages, with everything a decision may rest on."""

    def __init__(self, rules: Rules, book: Book) -> None:
        self.rules = rules
        warnings = said(book.read("churn.warnings"))
        self.candidates = {w["id"]: w for w in warnings if w["level"] in CANDIDATES}
        self.order = {w["id"]: place for place, w in enumerate(warnings)}
        self.of_user = by("user_id", self.candidates.values())
        self.recovered = {w["episode"] for w in warnings if w["level"] == "recovered"}
        self.returned = {w["user_id"] for w in warnings if w["level"] == "recovered"}
        self.outbound = said(book.read("churn.outbound"))
        self.sent_to = by("user_id", self.outbound)
        self.decisions = by("warning", said(book.read("churn.decisions")))
        self.profiles: dict[str, list[Json]] = defaultdict(list)
        for record in book.read("user.profiles"):
            self.profiles[(record.key or b"").decode()].append(readable(record) or {})
        self.reports = Reports(book)
        reports = list(filter(None, map(readable, book.read("churn.feedback"))))
        self.left = {(r["user_id"], r["channel"]) for r in reports if r["kind"] == "unsubscribed"}

    def check(self, findings: Findings) -> None:
        """Every candidate has an end, every message a decision and its words, and nobody is written to twice."""
        for warning in self.candidates.values():
            self._check_end(warning, self.decisions.get(warning["id"], []), findings)
        findings.wrong += [f"decision about unknown {name}" for name in self.decisions.keys() - self.candidates.keys()]
        sent = {d["message"]: d for ds in self.decisions.values() for d in ds if d["outcome"] == "sent"}
        findings.compare("message", sent, (message["id"] for message in self.outbound))
        check_recalls(self.outbound, self.reports, findings)
        check_going_on(self.outbound, self.decisions, self.returned, self.reports, findings)
        findings.wrong += [f"message {m['id']} says otherwise: {m}" for m in self.outbound if not self._says(m)]
        for messages in self.sent_to.values():
            self._check_peace(messages, findings)
        findings.wrong += [f"message {m['id']} without consent" for m in self.outbound if not self._agreed(m)]

    def open(self) -> list[str]:
        """Candidates whose end is still to come."""
        return [
            f"candidate {name} of {warning['user_id']}"
            for name, warning in self.candidates.items()
            if not (found := self.decisions.get(name)) or found[-1]["outcome"] == "held"
        ]

    def _check_end(self, warning: Json, decisions: list[Json], findings: Findings) -> None:
        name = f"decision about {warning['id']} of {warning['user_id']}"
        numbers = {decision["number"] for decision in decisions}
        wanted = range(1, max(numbers, default=1) + 1)
        findings.lost += [f"{name}, number {number}" for number in wanted if number not in numbers]
        ends = [decision for decision in decisions if decision["outcome"] in ("sent", "dropped")]
        for each in list({decision["id"]: decision for decision in decisions}.values())[:-1]:
            if each["outcome"] == "dropped" or (each["outcome"] == "sent" and not self.reports.failed(each["message"])):
                findings.wrong.append(f"{name}: it goes on after its end")
        said_of_it = [d.get("reason") for d in decisions]
        if warning["level"] not in self.rules.playbooks and said_of_it not in UNANSWERED:
            findings.wrong.append(f"{name}: no playbook answers level {warning['level']}, and {said_of_it} is said")
        for end in ends:
            if end.get("reason") in ORDERED:
                continue
            ground = GROUNDS.get(end.get("reason") or "sent")
            if ground is None or not ground(self, warning, end):
                findings.wrong.append(f"{name}: no ground for {end['outcome']} {end.get('reason')}")

    def _check_peace(self, messages: list[Json], findings: Findings) -> None:
        """Frequency caps in rolling windows, and hours of the day, in processing time."""
        for cap in self.rules.caps:
            for group in cap.groups:
                times = sorted(seconds(m["at"]) for m in messages if m["channel"] in group)
                for first, last in zip(times, times[cap.count :], strict=False):
                    if last < first + cap.seconds:
                        findings.wrong.append(f"{messages[0]['user_id']} got more than {cap.count} on {group}")
        for message in messages:
            shown = datetime.fromisoformat(message["at"]).astimezone(ZoneInfo(self.rules.zone)).strftime("%H:%M")
            begin, end = self.rules.hours.get(message["channel"], ("00:00", "24:00"))
            if not begin <= shown < end:
                findings.wrong.append(f"{message['user_id']} got {message['channel']} at {shown}")

    def _says(self, message: Json) -> bool:
        """The words of one of the template's languages on that channel; none where the template is not ours."""
        words = self.rules.words.get((message["template"], message["channel"]))
        if words is None:
            return "content" not in message
        return message.get("content") is not None and words.get(message["locale"]) == message["content"]

    def _agreed(self, message: Json) -> bool:
        channel, profiles = message["channel"], self.profiles.get(message["user_id"], [])
        return any(p.get("consent", {}).get(channel) and channel in p.get("reachable", ()) for p in profiles)

    def refused(self, field: str, channel: str, user: str) -> bool:
        """Whether some profile, or the lack of one, speaks against a channel."""
        known = [{}, *self.profiles.get(user, [])]  # until the first profile arrives there is none
        if field == "reachable":
            return any(channel not in profile.get("reachable", ()) for profile in known)
        return (user, channel) in self.left or any(not p.get("consent", {}).get(channel) for p in known)


Ground = Callable[[Messages, Json, Json], bool]
GROUNDS: dict[str, Ground] = {
    "sent": lambda all_, warning, end: end["channel"] in all_.rules.playbooks.get(warning["level"], ()),
    "no_playbook": lambda all_, warning, end: warning["level"] not in all_.rules.playbooks,
    "expired": lambda all_, warning, end: seconds(end["at"]) >= seconds(end["expires"]),
    "overtaken": lambda all_, warning, end: warning["episode"] in all_.recovered,
    "replaced": lambda all_, warning, end: any(
        all_.order[other["id"]] > all_.order[warning["id"]] for other in all_.of_user[warning["user_id"]]
    ),
    "duplicate": lambda all_, warning, end: any(
        seconds(message["at"]) <= seconds(end["at"]) for message in all_.sent_to.get(warning["user_id"], ())
    ),
    "no_channel_left": lambda all_, warning, end: {
        message["channel"]
        for message in all_.outbound
        if message["recall"] == end["recall"] and all_.reports.failed(message["id"])
    }.issuperset(all_.rules.playbooks[warning["level"]]),
    "no_consent": lambda all_, warning, end: all_.refused("consent", end["channel"], warning["user_id"]),
    "unreachable": lambda all_, warning, end: all_.refused("reachable", end["channel"], warning["user_id"]),
}
