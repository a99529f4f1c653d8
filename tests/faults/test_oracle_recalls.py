"""The oracle's eye for recalls, on a few lines written by hand: what must be clean is, and each slip is seen."""

import json
from typing import Any

import pytest

from tests.faults.book import Stood
from tests.faults.findings import Findings
from tests.faults.oracle_recalls import Reports, check_going_on, check_recalls


class Written:
    """A book in which nothing stands but feedback: of each message the kinds, in their order."""

    def __init__(self, kinds: dict[str, tuple[str, ...]]) -> None:
        told = [(message, kind) for message, each in kinds.items() for kind in each]
        self._records = [
            Stood("churn.feedback", 0, offset, 0, b"u", json.dumps(_report(message, kind)).encode(), ())
            for offset, (message, kind) in enumerate(told)
        ]

    def read(self, topic: str) -> list[Stood]:
        assert topic == "churn.feedback"
        return self._records


def _report(message: str, kind: str) -> dict[str, str]:
    return {"user_id": "u", "message": message, "kind": kind}


def sent(number: int, channel: str, recall: str = "r", id: str = "") -> dict[str, Any]:
    return {
        "id": id or f"m{number}", "recall": recall, "number": number, "channel": channel,
        "user_id": "u", "episode": "e", "stage": recall, "warning": "w",
    }  # fmt: skip


def judged(
    outbound: list[dict[str, Any]], decisions: int, returned: bool = False, **kinds: tuple[str, ...]
) -> Findings:
    """What the oracle finds of one user; of his warning there are so many decisions, the first for the messages."""
    told = [{"number": n + 1, "outcome": "sent"} for n in range(decisions)]
    for decision, message in zip(told, outbound, strict=False):
        decision["message"] = message["id"]
    findings, reports = Findings(), Reports(Written(kinds))  # type: ignore[arg-type]
    check_recalls(outbound, reports, findings)
    check_going_on(outbound, {"w": told}, {"u"} if returned else set(), reports, findings)
    return findings


def test_a_message_after_a_failure_is_as_it_must_be() -> None:
    two = [sent(1, "push"), sent(2, "sms")]
    assert judged(two, 2, m1=("accepted", "failed", "opened")) == Findings()
    assert judged(two[:1], 1, m1=("delivered", "failed")) == Findings()


@pytest.mark.parametrize("kinds", [(), ("accepted",), ("delivered", "failed"), ("opened", "bounced")])
def test_a_message_too_many_is_seen(kinds: tuple[str, ...]) -> None:
    assert judged([sent(1, "push"), sent(2, "sms")], 2, m1=kinds).wrong


def test_two_of_one_number_are_seen() -> None:
    assert judged([sent(1, "push"), sent(1, "sms", id="x")], 2).doubled


def test_a_channel_that_is_used_again_is_seen() -> None:
    assert judged([sent(1, "push"), sent(2, "push")], 2, m1=("failed",)).doubled


def test_a_missing_number_is_seen() -> None:
    assert judged([sent(1, "push"), sent(3, "sms")], 2, m1=("failed",)).lost


def test_a_failure_that_nobody_answered_is_seen() -> None:
    """Unless the user is back, or a later recall has begun."""
    one = [sent(1, "push")]
    assert judged(one, 1, m1=("failed",)).lost
    assert judged(one, 1, returned=True, m1=("failed",)) == Findings()
    assert judged([*one, sent(1, "sms", recall="r2", id="n1")], 1, m1=("failed",)) == Findings()
