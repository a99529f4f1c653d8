"""What the dispatchers tell the governor, and what it says of channels: each message and each harm is counted once."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from schemas.feedback import FeedbackKind
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.oracle_messages import said, seconds
from tests.faults.oracle_orders import FORCED
from tests.faults.oracle_recalls import FAILURES, readable
from tests.faults.rules import Rules
from tests.faults.state import digest, sends, users

AFTER = {
    "closed": {"degraded", "open"},
    "degraded": {"closed", "open"},
    "open": {"half_open"},
    "half_open": {"open", "half_open", "closed"},
    **{state: {"closed"} for state in FORCED},
}
"""Where each state may lead by itself; an operator leads any to any of his own, and from there to closed."""
DAY, HOUR, MICROS = 86_400, 3_600, 1_000_000
BITS = {kind.value: 1 << place for place, kind in enumerate(FeedbackKind)}


def check_counts(book: Book, findings: Findings) -> None:
    """Reports are numbered without a gap, and sum to what stands on the topics of messages and feedback."""
    numbers: dict[int, list[int]] = defaultdict(list)
    present: Counter[tuple[str, str]] = Counter()
    for report in said(book.read("churn.counts")):
        numbers[report["partition"]].append(report["number"])
        for tally in report.get("tallies", ()):
            for what in ("sends", "complaints", "failures"):
                present[tally["channel"], what] += tally[what]
    for partition, found in numbers.items():
        findings.compare(f"report of partition {partition}", range(1, max(found) + 1), found)
    expected = _expected(book)
    for what in expected.keys() | present.keys():
        findings.amount(f"counts of {what}", expected[what], present[what])


def _expected(book: Book) -> Counter[tuple[str, str]]:
    heard = kinds_by_message(book)
    expected: Counter[tuple[str, str]] = Counter()
    for message in said(book.read("churn.outbound")):
        kinds = heard.get(message["id"], set())
        expected[message["channel"], "sends"] += 1
        expected[message["channel"], "complaints"] += "complained" in kinds
        expected[message["channel"], "failures"] += any(kind in kinds for kind in FAILURES)
    return expected


def kinds_by_message(book: Book) -> dict[str, set[str]]:
    """Every kind of feedback that came in about each message."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for record in book.read("churn.feedback"):
        report = readable(record)
        if report is not None:
            kinds[report["message"]].add(report["kind"])
    return kinds


def check_leases(book: Book, probes: int, findings: Findings) -> None:
    """A partition has taken no more than it was leased by then, of probes a round no more than there are.

    A lease's total only grows. What a report tells of was taken before it; a lease may be spent from its own time on.
    """
    leased: dict[tuple[str, int, int], list[tuple[float, int]]] = defaultdict(list)
    for lease in said(book.read("churn.leases")):
        totals = leased[lease["resource"], lease["round"], lease["partition"]]
        if totals and lease["granted"] <= totals[-1][1]:
            findings.wrong.append(f"lease of {lease['resource']} for partition {lease['partition']} has not grown")
        totals.append((seconds(lease["at"]), lease["granted"]))
    taken, sent = Counter[tuple[str, int, int]](), Counter[tuple[str, int]]()
    for report in said(book.read("churn.counts")):
        by = seconds(report["at"])
        for draw in report.get("draws", ()):
            what = draw["resource"], draw["round"], report["partition"]
            taken[what] += draw["spent"] + draw["returned"]
            sent[what[:2]] += draw["spent"]
            if taken[what] > max((units for at, units in leased[what] if at <= by), default=0):
                findings.overspent.append(f"partition {what[2]} took more of {what[:2]} than it was leased by {by}")
    for (resource, _round), units in sent.items():
        if resource.startswith("probes/"):
            findings.overspent += [f"probe of {resource}"] * max(0, units - probes)


def check_limits(book: Book, rules: Rules, findings: Findings) -> None:
    """Over all users together: a day's money, and the messages of any hour, as they stand on the topic."""
    messages = sorted(said(book.read("churn.outbound")), key=lambda message: seconds(message["at"]))
    spent: Counter[int] = Counter()
    for message in messages:
        spent[int(seconds(message["at"]) // DAY)] += round(message["cost"] * MICROS)
    budget = rules.day_budget * MICROS
    findings.overspent += [f"{each} of {budget} on day {day}" for day, each in spent.items() if each > budget]
    times = [seconds(message["at"]) for message in messages]
    for first, last in zip(times, times[rules.hour_volume :], strict=False):
        if last < first + HOUR:
            findings.overspent.append(f"more than {rules.hour_volume} messages in the hour before {last}")


def check_books(book: Book, changelog: str, partitions: int, findings: Findings) -> None:
    """A user's book holds every message that went out to him, and every kind of feedback that came in about it."""
    heard, must = kinds_by_message(book), defaultdict(list)
    for message in said(book.read("churn.outbound")):
        bits = sum(BITS[kind] for kind in heard.get(message["id"], ()))
        must[message["user_id"]].insert(0, (digest(message["id"]), bits))
    for key, value in users(book, changelog, partitions):
        wanted, there = must.pop(key.decode(), []), sends(value)
        marks = dict(there)
        findings.lost += [f"message in the book of {key.decode()}" for mark, _ in wanted if mark not in marks]
        findings.lost += [
            f"feedback in the book of {key.decode()}" for mark, bits in wanted if marks.get(mark, bits) != bits
        ]
        findings.wrong += [f"book of {key.decode()} is {there}, not {wanted}"] * (len(there) != len(wanted))
    findings.lost += [f"book of {user}" for user in must]


def check_breakers(book: Book, findings: Findings) -> None:
    """A channel's breaker moves by its table, and its rounds are counted up."""
    by_channel: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for breaker in said(book.read("churn.breakers")):
        by_channel[breaker["channel"]].append(breaker)
    for channel, moves in by_channel.items():
        for before, after in pairwise(moves):
            opens = after["state"] == "half_open"
            legal = after["state"] in AFTER[before["state"]] | FORCED and after["round"] == before["round"] + opens
            if not legal or after["number"] != before["number"] + 1:
                findings.wrong.append(f"breaker of {channel}: {after} after {before}")
