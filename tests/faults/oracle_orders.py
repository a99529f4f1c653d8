"""What operators ordered and the governor said: heard in time, and obeyed from the transaction on that has heard it.

A transaction writes down how far its partition had heard ``churn.control`` and ``churn.breakers``. What stood when a
decision was made follows from that to the record, whatever was killed or late; that the hearing itself is not late is
a matter of time, and judged by itself.
"""

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from tests.faults.book import Book, Stood
from tests.faults.findings import Findings
from tests.faults.oracle_recalls import readable
from tests.faults.state import Transaction, transactions

Json = dict[str, Any]
CONTROL, BREAKERS, DECISIONS = "churn.control", "churn.breakers", "churn.decisions"
ORDERS = {
    "suppressed": ("suppress/{user_id}",),
    "silenced": ("silence/{user_id}",),
    "playbook_paused": ("pause/{playbook}", "pause/*"),
}
"""Which orders, by key, forbid the message of a decision, by the reason that it must give."""
HOLDS = {
    "open": "breaker_open",
    "forced_open": "breaker_open",
    "degraded": "breaker_degraded",  # every playbook of the campaign is a promotion
    "half_open": "no_probe",  # but a probe goes out: how many do is counted with the leases
}
ORDERED = frozenset({*ORDERS, *HOLDS.values()})
"""The reasons whose ground is judged here."""
FORCED = frozenset(("forced_open", "forced_closed", "shadow"))
PROMISED = {CONTROL: 1.0, BREAKERS: 2.0}
"""So many seconds after it was committed every transaction has heard what was said; of a breaker's word, for which no
commit time is known, after the transaction that says it began.
"""


@dataclass
class Witness:
    """What the campaign saw and no topic says; all times are simulated seconds since 1970."""

    second: float
    """How many simulated seconds a promised one is."""
    acknowledged: dict[int, float] = field(default_factory=dict)
    """When the broker had an operator's record, by offset."""
    still: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the broker or a process stood still: who goes on has the promised time from then on."""

    def judges(self, since: float, at: float) -> bool:
        """Whether nothing stood still between two moments."""
        return all(at < begin or end < since for begin, end in self.still)


class Words:
    """What was said under each key: a word stands from its offset on until the next; None takes it back."""

    def __init__(self, said: Iterable[tuple[str, int, Json | None]]) -> None:
        self._said: dict[str, list[tuple[int, Json | None]]] = defaultdict(list)
        for key, offset, word in said:
            self._said[key].append((offset, word))

    def newest(self, key: str, heard: int) -> Json | None:
        """What stands for who has heard the offsets below ``heard``."""
        words = self._said.get(key, [])
        place = bisect_left(words, heard, key=lambda each: each[0])
        return words[place - 1][1] if place else None

    def holds(self, key: str, heard: int, at: float) -> Json | None:
        """The same, unless its time is over."""
        word = self.newest(key, heard)
        over = word is not None and "until" in word and datetime.fromisoformat(word["until"]).timestamp() <= at
        return None if over else word


def said(records: Iterable[Stood]) -> Iterator[tuple[str, int, Json | None]]:
    """Every word and every taking back; what is neither changes nothing."""
    for record in records:
        try:
            yield (record.key or b"").decode(), record.offset, json.loads(record.value or b"null")
        except ValueError:
            continue


class Obedience:
    """Judges the transactions of dispatchers and governor; ``ordered`` counts decisions that an order has decided."""

    def __init__(self, book: Book, changelogs: dict[str, str], partitions: int) -> None:
        self._book = book
        self._orders, self._breakers = Words(said(book.read(CONTROL))), Words(said(book.read(BREAKERS)))
        reports = filter(None, map(readable, book.read("churn.feedback")))
        self._complained = {each["user_id"] for each in reports if each["kind"] == "complained"}
        self._dispatchers = {n: transactions(book, changelogs["dispatcher"], n) for n in range(partitions)}
        self._governor = transactions(book, changelogs["governor"], 0)
        self.ordered = 0

    def check(self, witness: Witness, findings: Findings) -> None:
        """Everything said was heard in time, and whatever was heard was obeyed."""
        times = {
            CONTROL: sorted(witness.acknowledged.items()),
            BREAKERS: [(record.offset, record.timestamp / 1000) for record in self._book.read(BREAKERS)],
        }
        for number, each in self._dispatchers.items():
            for topic, committed in times.items():
                findings.stuck += _late(f"dispatcher[{number}]", topic, committed, each, witness)
        findings.stuck += _late("governor", CONTROL, times[CONTROL], self._governor, witness)
        self._check_decisions(findings)
        self._check_governor(findings)

    def _check_decisions(self, findings: Findings) -> None:
        """No message that was forbidden, and a ground for every reason, in the outcome or on the way to it."""
        by_stamp = {number: {each.stamp: each for each in found} for number, found in self._dispatchers.items()}
        for record in self._book.read(DECISIONS):
            decision: Json = json.loads(record.value or b"")
            name = f"decision {decision['number']} about {decision['warning']} of {decision['user_id']}"
            by = by_stamp[record.partition].get(record.timestamp)
            if by is None:
                findings.wrong.append(f"{name} stands in no transaction")
                continue
            for verdict in (decision, *decision["trace"]):
                reason = verdict.get("reason")
                if reason in ORDERED and not self._ground(reason, decision, verdict.get("channel"), by):
                    findings.wrong.append(f"{name}: nothing was said that gives ground for {reason}")
            against = self._against(decision, by)
            self.ordered += decision.get("reason") in against
            if decision["outcome"] == "sent" and against:
                findings.wrong.append(f"{name} was sent, though it is {' and '.join(sorted(against))}")

    def _against(self, decision: Json, by: Transaction) -> set[str]:
        """The reasons for which operators and breakers forbid a decision's message, as far as was heard."""
        at = datetime.fromisoformat(decision["at"]).timestamp()
        found = {
            reason
            for reason, keys in ORDERS.items()
            if any(
                self._orders.holds(key.format_map(defaultdict(str, decision)), by.heard(CONTROL), at) for key in keys
            )
        }
        state = self._state(decision.get("channel"), by)
        return found | ({HOLDS[state]} if state in HOLDS and state != "half_open" else set())

    def _ground(self, reason: str, decision: Json, channel: str | None, by: Transaction) -> bool:
        if reason == "silenced" and decision["user_id"] in self._complained:
            return True
        if reason in ORDERS:
            return reason in self._against(decision, by)
        return HOLDS.get(self._state(channel, by)) == reason

    def _state(self, channel: str | None, by: Transaction) -> str:
        newest = self._breakers.newest(channel or "", by.heard(BREAKERS))
        return newest["state"] if newest else "closed"

    def _check_governor(self, findings: Findings) -> None:
        """After every transaction of the governor a breaker stands as an operator has forced it, and only then."""
        moves, states = iter(self._book.read(BREAKERS)), dict[str, str]()
        move = next(moves, None)
        for by in self._governor:
            while move is not None and move.timestamp <= by.stamp:
                states[(move.key or b"").decode()] = json.loads(move.value or b"")["state"]
                move = next(moves, None)
            for channel, state in states.items():
                word = self._orders.newest(f"breaker/{channel}", by.heard(CONTROL))
                wanted = self._orders.holds(f"breaker/{channel}", by.heard(CONTROL), by.stamp / 1000)
                value, lasting = ((each or {}).get("value") for each in (word, wanted))
                if (lasting in FORCED and state != lasting) or (state in FORCED and state != value):
                    findings.wrong.append(f"breaker of {channel} is {state} at {by.stamp}, though it is to be {value}")


def _late(
    who: str, topic: str, committed: list[tuple[int, float]], found: list[Transaction], witness: Witness
) -> Iterator[str]:
    """Each record that some transaction should have heard and had not."""
    offsets = [offset for offset, _at in committed]
    times = list(accumulate((at for _offset, at in committed), max))
    told = -1
    for by in found:
        since = by.stamp / 1000 - PROMISED[topic] * witness.second
        due = bisect_right(times, since)
        newest = offsets[due - 1] if due else -1
        if newest >= by.heard(topic) and newest > told and witness.judges(since, by.stamp / 1000):
            told = newest
            yield f"{who} had not heard {topic} up to {newest} at {by.stamp}, but up to {by.heard(topic)}"
