"""The same on real Kafka and Redis, with the shipped worker: what is odd costs nobody else anything."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis as Client

from agents.__main__ import main
from agents.board import keys
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, load_settings
from schemas import topics
from schemas.decision import Decision
from schemas.reject import refusal_of
from streams.control import read_word
from tests.cases import amount
from tests.fuzz.answers import VALUES
from tests.fuzz.installation import Installation
from tests.fuzz.outcomes import LETTERED
from tests.fuzz.play import PLACED, Fuzz, fuzz
from tests.fuzz.records import Odd, milliseconds
from tests.fuzz.served import expected, served
from tests.fuzz.town import ODD_CHANNELS, life, moments, policy_text

pytestmark = pytest.mark.kafka
RECORDS: Final = amount(250, 5_000)
END: Final = moments()[-1] + timedelta(hours=6)
"""The worker's clock begins here: all that was written before waits for it."""


@pytest.fixture
def here(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Installation]:
    """A worker that is not launched yet."""
    file = tmp_path / "town.toml"
    file.write_text(policy_text())
    given = {
        "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url, "TOPIC_PREFIX": topic_prefix,
        "PARTITIONS": str(PLACED.partitions), "POLICY_PATH": str(file), "WEB_PORT": str(free_row(3)),
        "DATA_DIR": str(tmp_path / "data"), "CLOCK": f"{END.isoformat()} 1.0 {time.monotonic()}",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    created = CliRunner().invoke(main, ["topics", "create", "--simulated-time"])
    assert created.exit_code == 0, created.output
    with Worker(load_settings()) as worker:
        yield Installation(load_settings(), worker)
    asyncio.run(emptied(redis_server.url))


async def emptied(url: str) -> None:
    """No odd value is left for tests that come after."""
    client = Client.from_url(url)
    await client.flushall()
    await client.aclose()


def test_odd_records_and_answers_cost_nobody_else_anything(
    here: Installation, redis_server: Redis, pytestconfig: pytest.Config
) -> None:
    """Each record has one outcome and each refused one its letter, every partition works, the town is served."""
    seed = int(pytestconfig.getoption("--hypothesis-seed") or RECORDS)  # what make laws draws; else always the same
    odd = fuzz(seed, RECORDS)
    asyncio.run(spoil(redis_server.url, odd, Random(seed)))
    all_of_it = (each for number in range(len(moments())) for each in (*odd.get(number, ()), *of_the_town(number)))
    assert here.write(all_of_it) < RECORDS / 20, "the broker refuses what has no key, on a compacted topic"
    wanted = expected(END)
    here.launch()
    here.eventually(here.absorbed, "the records to be taken")
    here.eventually(lambda: served(here.messages) == wanted, "the town to be served as on the driver")
    judge_outcomes(here)
    judge_orders(here)
    for role in RoleName:
        states = here.counted(role, "churn_owner_states_total", "state")
        assert not states["failed"] + states["broken"], f"{role} has failed\n{here.log[-6_000:]}"


def of_the_town(number: int) -> list[Odd]:
    """What is written about the town at a moment, for a producer."""
    return [Odd(sent.topic, sent.key, sent.value, milliseconds(sent.at)) for sent in life(moments()[number])]


async def spoil(url: str, odd: Fuzz, dice: Random) -> None:
    """Under keys of others' users and channels, and of the read model, there are values that nobody of us wrote."""
    client = Client.from_url(url)
    written = (each.key for records in odd.values() for each in records)
    whose = {key.decode() for key in written if key and key.startswith(b"odd-") and key.isascii()}
    names = [keys.contact(user) for user in sorted(whose)] + [keys.rate(channel) for channel in ODD_CHANNELS]
    names += [key(user) for key in (keys.decision, keys.outbound) for user in sorted(whose)]
    try:
        for name in (*names, keys.BREAKERS, keys.FRESH, keys.funnel(END.date())):
            await client.delete(name)
            if dice.random() < 0.3:
                await client.rpush(name, dice.choice(VALUES))
            else:
                await client.set(name, dice.choice(VALUES))
    finally:
        await client.aclose()


def judge_outcomes(here: Installation) -> None:
    """As many outcomes as records of each topic; a letter of each that was refused, and no other."""
    letters = [refusal_of(record.headers) for _, record in here.read(topics.DEAD_LETTERS)]
    places = Counter((each.topic, each.partition, each.offset) for each in letters if each)
    assert len(letters) == len(places), f"dead letters of no record, or twice of one: {places.most_common(3)}"
    for topic, (role, metric) in COUNTERS.items():
        counted, written = here.counted(role, metric, "outcome"), len(here.read(topic))
        assert counted.total() == written, f"{written} records of {topic} have the outcomes {counted}"
        lettered = sum(counted[name] for name in LETTERED)
        assert sum(count for place, count in places.items() if place[0] == topic) == lettered, f"{topic}: {counted}"
        assert 0 < lettered < written
    aside = [each.user_id for each in here.messages(Decision) if each.reason == "unprocessable"]
    assert not aside, f"nobody could judge {aside}"


COUNTERS: Final = {
    topics.EVENTS: (RoleName.HEALTH, "churn_events_total"),
    topics.PROFILES: (RoleName.DISPATCHER, "churn_profiles_total"),
    topics.FEEDBACK: (RoleName.DISPATCHER, "churn_feedback_total"),
}


def judge_orders(here: Installation) -> None:
    """A word that cannot be read is counted once in the installation, or not where a newer one of its key was seen."""
    records = [record for _, record in here.read(topics.CONTROL)]
    newest = {record.key: record for record in records}
    counted = here.counted(RoleName.DISPATCHER, "churn_control_orders_total", "outcome")
    least, most = (sum(read_word(each).unreadable for each in some) for some in (newest.values(), records))
    assert 0 < least <= counted["unreadable"] <= most
    assert 0 < counted["taken"] <= len(records) - most
