"""What the dispatchers tell the governor, and what it says of channels: each message and each harm is counted once."""

from collections import Counter, defaultdict
from itertools import pairwise

from schemas.feedback import FeedbackKind
from tests.faults.book import Book
from tests.faults.findings import Findings
from tests.faults.oracle_messages import readable, said
from tests.faults.state import digest, sends, users

FAILURES = ("failed", "bounced")
AFTER = {"closed": {"open"}, "open": {"half_open"}, "half_open": {"open", "half_open", "closed"}}
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


def check_probes(book: Book, probes: int, findings: Findings) -> None:
    """A half-open round is granted its probes once, over all partitions, and no more are sent than were granted."""
    granted: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for lease in said(book.read("churn.leases")):
        shares = granted[lease["channel"], lease["round"]]
        shares[lease["partition"]] = max(lease["granted"], shares.get(lease["partition"], 0))
    sent: Counter[tuple[str, int]] = Counter()
    for report in said(book.read("churn.counts")):
        for tally in report.get("tallies", ()):
            sent[tally["channel"], tally["round"]] += tally["sends"]
    for round_, shares in granted.items():
        findings.doubled += [f"probe of {round_}"] * max(0, sum(shares.values()) - probes)
        findings.wrong += [f"probe of {round_} was not granted"] * max(0, sent[round_] - sum(shares.values()))


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
    by_channel: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for breaker in said(book.read("churn.breakers")):
        by_channel[breaker["channel"]].append((breaker["round"], breaker["state"]))
    for channel, states in by_channel.items():
        for (round_, state), (next_round, following) in pairwise(states):
            opens = following == "half_open"
            if following not in AFTER[state] or next_round != round_ + opens:
                findings.wrong.append(f"breaker of {channel}: {following}/{next_round} after {state}/{round_}")
