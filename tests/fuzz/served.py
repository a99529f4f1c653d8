"""How the town is served, in words that are alike on the driver and on real Kafka, where seconds pass."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from agents.driver import Driver
from schemas.base import Message
from schemas.decision import Decision
from schemas.outbound import Outbound
from schemas.warning import Warning
from tests.fuzz.play import PLACED, roles, settled
from tests.fuzz.records import milliseconds
from tests.fuzz.town import EVERYBODY, life, moments, policy

M = TypeVar("M", bound=Message)
Served = dict[str, list[Any]]
Read = Callable[[type[Any]], list[Any]]
"""Every message of a kind, in the order of its partition."""


def served(read: Read) -> Served:
    """Of each of the town: what was warned of, what each warning came to, and what was sent."""
    found: Served = {user: [] for user in sorted(EVERYBODY)}
    for warning in _of_the_town(read(Warning)):
        found[warning.user_id].append((warning.id, warning.level, warning.at))
    last = {each.warning: each for each in _of_the_town(read(Decision))}
    for decision in last.values():
        found[decision.user_id].append((decision.warning, decision.outcome, decision.reason))
    for message in _of_the_town(read(Outbound)):
        found[message.user_id].append((message.id, message.channel, message.content))
    return found


def _of_the_town(messages: list[M]) -> list[M]:
    return [each for each in messages if each.key in EVERYBODY]


def expected(now: datetime) -> Served:
    """The same from the driver, which finds at ``now`` all that was ever written about the town, and nothing odd."""

    async def play() -> Driver:
        driver = Driver(policy(), roles(), PLACED.partitions)
        for at in moments():
            for sent in life(at):
                driver.send(sent.topic, sent.key, sent.value, milliseconds(sent.at))
        for seconds in (0, 20, 40):
            await settled(driver, now + timedelta(seconds=seconds))
        return driver

    return served(asyncio.run(play()).messages)
