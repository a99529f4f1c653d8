"""What operators have said, and saying something: the topic ``churn.control`` from outside a worker."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import Reader
from agents.connection import kafka_options
from agents.settings import Settings
from schemas import topics
from schemas.base import Headers
from schemas.control import Control, ControlKind, lift_headers
from schemas.faults import Fault, Faults, message_of
from streams.control import read_word


class ControlFaults(Faults):
    """A word that cannot be said; the key of a fault is the field."""


def word(kind: ControlKind, target: str, who: str, why: str, at: datetime, **more: Any) -> Control:
    """An operator's word; raises :class:`ControlFaults` with every fault of it."""
    said = {"kind": kind, "target": target, "who": who, "why": why, "at": at} | more
    try:
        return Control.model_validate(said)
    except ValidationError as faulty:
        raise ControlFaults(tuple(_fault(said, error) for error in faulty.errors())) from faulty


async def say(settings: Settings, control: Control) -> None:
    """The word stands on the topic, acknowledged by all brokers that must have it."""
    await _send(settings, control.key, control.encode(), control.headers())


async def lift(settings: Settings, key: str, who: str, why: str, at: datetime) -> None:
    """The word about ``key`` (kind/target) is taken back; who did so, why and when stands in the headers."""
    await _send(settings, key, None, lift_headers(who, why, at))


async def heard(settings: Settings, reader: Reader) -> AsyncIterator[Record]:
    """Every record that the topic still holds, in the order they were said."""
    tp = TopicPartition(settings.topic(topics.CONTROL), 0)
    async for records, _position in reader.read(tp, *await reader.range_of(tp)):
        for record in records:
            yield record


async def said(settings: Settings, reader: Reader) -> dict[str, Control]:
    """The newest word of every key that has not been taken back; what is no word counts as for a worker."""
    words = [read_word(record) async for record in heard(settings, reader)]
    newest = {word.key: word.control for word in words if word.control is not None or not word.unreadable}
    return {key: control for key, control in newest.items() if control is not None}


def _fault(said: dict[str, Any], error: ErrorDetails) -> Fault:
    told = error.get("ctx", {})
    field = told.get("field") or str(error["loc"][0])
    expected = f"expected: {Control.model_fields[field].description}"
    return Fault(str(said["kind"]), field, said.get(field), told.get("words") or message_of(error), expected)


async def _send(settings: Settings, key: str, value: bytes | None, headers: Headers) -> None:
    producer = AIOKafkaProducer(**kafka_options(settings), enable_idempotence=True)
    await producer.start()
    try:
        topic = settings.topic(topics.CONTROL)
        await producer.send_and_wait(topic, value, key.encode(), partition=0, headers=list(headers))
    finally:
        await producer.stop()
