"""The town's life through the driver, with odd records in between, and what was published about the town."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from agents.driver import Driver, partition_of
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from agents.roles.spec import RoleSpec
from schemas import topics
from streams.partitioner import Placement
from tests.fuzz.answers import odd_board
from tests.fuzz.orders import Words
from tests.fuzz.outcomes import Outcomes
from tests.fuzz.records import Odd, introductions, milliseconds, odd_records
from tests.fuzz.town import EVERYBODY, life, moments, policy

PLACED = Placement(4)
TURNS = 3_000
BURSTS = 6
ABOUT_USERS = (topics.WARNINGS, topics.STAGES, topics.SIGNS, topics.DECISIONS, topics.OUTBOUND)
Fuzz = Mapping[int, Sequence[Odd]]
"""Odd records by the number of the moment before whose life they are written."""
Published = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Way:
    """How a play is played: so many records a transaction at most, and everything opened anew every so many moments."""

    most: int = 16_000
    reopened: int | None = None
    answers: int = 0


WAYS = (Way(), Way(most=1), Way(most=7, reopened=3), Way(reopened=10))


def fuzz(seed: int, records: int) -> dict[int, list[Odd]]:
    """So many odd records, in some bursts of a day each, so that what comes meets what has come just before."""
    times = moments()
    dealt: dict[int, list[Odd]] = {}
    dice = Random(f"spread {seed}")
    bursts = [dice.randrange(len(times) - 4) for _ in range(BURSTS)]
    for part in range(0, records, 5):
        place = dice.choice(bursts) + dice.randrange(4)
        if place not in dealt:
            dealt[place] = list(introductions(times[place]))
        dealt[place] += odd_records(Random(f"{seed}/{part}"), times[place], min(5, records - part))
    return dealt


def way(seed: int) -> Way:
    """How the play of a seed is played."""
    return replace(WAYS[seed % len(WAYS)], answers=seed)


def played(odd: Fuzz, way: Way) -> tuple[Published, Outcomes]:
    """What was published about the town, and what became of every record; raises what the roles raise."""
    return asyncio.run(_played(odd, way))


async def _played(odd: Fuzz, way: Way) -> tuple[Published, Outcomes]:
    outcomes, board = Outcomes(), odd_board(policy(), EVERYBODY, way.answers)
    driver = Driver(policy(), [outcomes.watched(role) for role in roles()], PLACED.partitions, board, way.most)
    words, heard, openings = Words(), 0, 1
    await settled(driver, moments()[0] - timedelta(hours=1))
    for number, at in enumerate(moments()):
        for each in odd.get(number, ()):
            written(driver, each)
        for sent in life(at):
            driver.send(sent.topic, sent.key, sent.value, milliseconds(sent.at))
        await settled(driver, at)
        words.hear(driver.read(topics.CONTROL)[heard:], at)
        heard = len(driver.read(topics.CONTROL))
        if way.reopened and number % way.reopened == 0:
            driver.restart()
            openings += 1
    end = moments()[-1] + timedelta(days=4)
    await settled(driver, end)
    words.hear([], end)
    outcomes.judge(driver)
    assert not (wrong := words.faults(outcomes.orders, openings)), f"words have the outcomes {wrong}"
    return published(driver), outcomes


def roles() -> list[RoleSpec]:
    """All of them, of one installation."""
    return [health(policy(), placement=PLACED), dispatcher(policy(), PLACED), governor(policy())]


def written(driver: Driver, odd: Odd) -> None:
    """An odd record stands on its topic, in the partition of its key or, as its writer erred, in another."""
    count = driver.topics.count(odd.topic)
    number = 0 if odd.key is None else partition_of(odd.key, count)
    headers: Any = odd.headers
    driver.topics.append(odd.topic, (number + odd.elsewhere) % count, odd.timestamp, odd.key, odd.value, headers)


async def settled(driver: Driver, at: datetime) -> None:
    """Every record was taken: positions have reached the ends."""
    for _ in range(TURNS):
        if not await driver.turn(at):
            return
    raise AssertionError(f"after {TURNS} turns at {at} records still wait")


def published(driver: Driver) -> Published:
    """What stands on the topics about each of the town, in order, byte for byte."""
    found: Published = {}
    town = {user.encode() for user in EVERYBODY}
    for topic in ABOUT_USERS:
        for record in driver.read(topic):
            if record.key in town:
                place = f"{topic}/{record.key.decode()}"
                found.setdefault(place, []).append((record.timestamp, record.value, record.headers))
    return found


@lru_cache
def alone(way: Way) -> Published:
    """What is published about the town where nobody writes anything odd."""
    return played({}, way)[0]
