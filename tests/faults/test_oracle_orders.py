"""The oracle's eye for orders, on a few lines written by hand: what must be clean is, and each slip is seen."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.faults.book import Stood
from tests.faults.findings import Findings
from tests.faults.oracle_orders import BREAKERS, CONTROL, Obedience, Witness
from tests.faults.state import PARTITION

Json = dict[str, Any]
SAID = {"who": "ops"}
SUPPRESSED, PAUSED, FORCED = ("suppress/u", SAID), ("pause/risk", SAID), ("breaker/push", {"value": "forced_open"})
OPEN, CLOSED = ("push", {"state": "forced_open"}), ("push", {"state": "closed"})
SENT: Json = {"outcome": "sent", "channel": "push"}
AT = 100.0
"""Seconds since 1970 at which the only decision is made."""


class Written:
    """A book with what was said, one transaction of the dispatcher and one of the governor, and one decision."""

    def __init__(self, said: dict[str, list[tuple[str, Json | None]]], heard: dict[str, int], decision: Json) -> None:
        self._said, self._heard = said, heard
        told = {"number": 1, "warning": "w", "user_id": "u", "playbook": "risk", "at": moment(AT), "trace": []}
        self._decision = told | decision

    def read(self, topic: str) -> list[Stood]:
        said: list[tuple[str, Json | None]] = self._said.get(topic, [])
        if topic == "churn.decisions":
            said = [("u", self._decision)]
        return [
            Stood(topic, 0, n, int(AT * 1000), key.encode(), None if value is None else json.dumps(value).encode(), ())
            for n, (key, value) in enumerate(said)
        ]

    def ours(self, topic: str, _partition: int) -> list[Stood]:
        ledger = b"\1" + msgspec.msgpack.encode([1, int(AT * 1000), {}, self._heard, b""])
        return [Stood(topic, 0, 0, int(AT * 1000), PARTITION, ledger, ())]


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def judged(
    decision: Json,
    control: list[tuple[str, Json | None]],
    breakers: list[tuple[str, Json | None]] = [],  # noqa: B006  read only
    heard: int | None = None,
    acknowledged: float = AT,
    still: list[tuple[float, float]] = [],  # noqa: B006  read only
) -> Findings:
    """What the oracle finds where all of ``control`` was heard, or so much of it, and all of ``breakers``."""
    cursors = {CONTROL: len(control) if heard is None else heard, BREAKERS: len(breakers)}
    book = Written({CONTROL: control, BREAKERS: breakers}, cursors, decision)
    findings = Findings()
    witness = Witness(1.0, dict.fromkeys(range(len(control)), acknowledged), still)
    changelogs = {"dispatcher": "dispatcher-changelog", "governor": "governor-changelog"}
    Obedience(book, changelogs, 1).check(witness, findings)  # type: ignore[arg-type]
    return findings


@pytest.mark.parametrize("order", [SUPPRESSED, PAUSED, ("pause/*", SAID), ("silence/u", {"until": moment(AT + 1)})])
def test_a_message_that_an_order_forbids_is_seen(order: tuple[str, Json]) -> None:
    """Unless it was not heard yet, or is over, or was taken back, or is about somebody else."""
    assert judged(SENT, [order]).wrong
    assert judged(SENT, [order], heard=0) == Findings()
    assert judged(SENT, [(order[0], {**order[1], "until": moment(AT)})]) == Findings()
    assert judged(SENT, [order, (order[0], None)]) == Findings()
    assert judged(SENT, [(order[0].split("/")[0] + "/other", order[1])]) == Findings()


def test_a_message_on_a_channel_that_was_shut_is_seen() -> None:
    assert judged(SENT, [FORCED], [OPEN]).wrong
    assert judged({**SENT, "channel": "sms"}, [FORCED], [OPEN]) == Findings()
    assert judged(SENT, [FORCED, ("breaker/push", None)], [OPEN, CLOSED]) == Findings()


@pytest.mark.parametrize("reason", ["suppressed", "silenced", "playbook_paused", "breaker_open", "no_probe"])
def test_a_reason_for_which_nothing_was_said_is_seen(reason: str) -> None:
    """Also where another verdict decided."""
    assert judged({"outcome": "dropped", "channel": "push", "reason": reason}, []).wrong
    assert judged({"outcome": "held", "trace": [{"reason": reason, "channel": "push"}]}, []).wrong


def test_a_reason_that_was_given_is_as_it_must_be() -> None:
    assert judged({"outcome": "dropped", "reason": "suppressed"}, [SUPPRESSED]) == Findings()
    assert judged({"outcome": "held", "reason": "playbook_paused"}, [PAUSED]) == Findings()
    held = {"outcome": "held", "reason": "breaker_open", "channel": "push"}
    assert judged(held, [FORCED], [OPEN]) == Findings()


def test_an_order_heard_too_late_is_seen() -> None:
    """Unless somebody stood still meanwhile: who goes on has the time that is promised, from then on."""
    assert judged(SENT, [PAUSED], heard=0, acknowledged=AT - 1.1).stuck
    assert judged(SENT, [PAUSED], heard=0, acknowledged=AT - 0.9) == Findings()
    assert judged(SENT, [PAUSED], heard=0, acknowledged=AT - 9, still=[(AT - 8, AT - 0.5)]) == Findings()
    assert judged(SENT, [PAUSED], heard=0, acknowledged=AT - 9, still=[(AT - 8, AT - 1.5)]).stuck


def test_a_breaker_that_does_not_obey_is_seen() -> None:
    """Forced, it stands so; and nobody but an operator forces it."""
    nothing = {"outcome": "dropped", "reason": "expired"}
    assert judged(nothing, [FORCED], [CLOSED]).wrong
    assert judged(nothing, [], [OPEN]).wrong
    assert judged(nothing, [FORCED, ("breaker/push", None)], [OPEN]).wrong
    assert judged(nothing, [FORCED], [OPEN]) == Findings()


def test_a_decision_outside_every_transaction_is_seen() -> None:
    assert judged({**SENT, "at": moment(AT)}, []) == Findings()
    book = Written({}, {}, SENT)
    book.ours = lambda *_: []  # type: ignore[method-assign]
    findings = Findings()
    Obedience(book, {"dispatcher": "d", "governor": "g"}, 1).check(Witness(1.0), findings)  # type: ignore[arg-type]
    assert findings.wrong
