"""JSON Schemas (2020-12) of every message, as a reader must take it: unknown fields are to be ignored."""

import json
from typing import Any

from schemas.base import Message
from schemas.breaker import Breaker
from schemas.control import Control
from schemas.counts import Counts
from schemas.decision import Decision
from schemas.events import Event
from schemas.feedback import Feedback
from schemas.lease import Lease
from schemas.outbound import Outbound
from schemas.population import PopulationDay, PopulationMark
from schemas.profile import Profile
from schemas.reject import CUT, DETAIL_CHARACTERS, OBEYED, DeadLetterHeader, RejectReason
from schemas.sign import Sign
from schemas.stage import StageChange
from schemas.warning import Warning

MESSAGES: dict[str, type[Message]] = {
    "event": Event,
    "profile": Profile,
    "feedback": Feedback,
    "control": Control,
    "warning": Warning,
    "stage": StageChange,
    "sign": Sign,
    "decision": Decision,
    "outbound": Outbound,
    "counts": Counts,
    "breaker": Breaker,
    "lease": Lease,
    "population-day": PopulationDay,
    "population-mark": PopulationMark,
}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of every schema by the message's name, and that of a dead letter's headers."""
    named = {name: _of(model) for name, model in MESSAGES.items()} | {"dead-letter-headers": _dead_letter_headers()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in named.items()}


def _of(model: type[Message]) -> dict[str, Any]:
    return {"$schema": DIALECT, "x-topic": model.TOPIC, "x-ce-type": model.TYPE, **model.model_json_schema()}


def _dead_letter_headers() -> dict[str, Any]:
    digits = {"type": "string", "pattern": "^-?[0-9]+$"}
    parts = {"type": "string", "pattern": "^(value|headers|key)=[0-9]+(, (value|headers|key)=[0-9]+)*$"}
    said_of_some = {
        CUT: {**parts, "description": "the parts that were cut, with the bytes they had"},
        OBEYED: {
            "type": "string",
            "description": "the parts of the record that were applied, such as consent.push=false",
        },
    }
    says: dict[str, dict[str, Any]] = {
        DeadLetterHeader.REASON: {"enum": [reason.value for reason in RejectReason]},
        DeadLetterHeader.DETAIL: {"type": "string", "maxLength": DETAIL_CHARACTERS, "description": "what to mend"},
        DeadLetterHeader.TOPIC: {"type": "string", "description": "where the record was read"},
        DeadLetterHeader.PARTITION: digits,
        DeadLetterHeader.OFFSET: digits,
        DeadLetterHeader.TIMESTAMP: {**digits, "description": "the record's own time, ms since 1970 UTC"},
    }
    return {
        "$schema": DIALECT,
        "title": "DeadLetterHeaders",
        "description": "Headers that a dead letter adds to the record's own, UTF-8; value and key are as they came.",
        "type": "object",
        "properties": {str(name): schema for name, schema in (says | said_of_some).items()},
        "required": [str(name) for name in says],
    }
