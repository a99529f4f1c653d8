"""True whatever stands under our keys in Redis: no value of one key costs what hangs on the others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from redis.asyncio import Redis as Client

from agents.board import Link, RedisBoard, keys
from agents.local import Redis
from schemas.breaker import BreakerState
from schemas.channel import Channel
from streams.board import BoardQuestion
from tests.cases import cases
from tests.contract.test_redis_board import DECISION, MESSAGE
from tests.dispatching import breaker, committed
from tests.fuzz.answers import VALUES, odd_board
from tests.fuzz.town import policy

NOW: Final = datetime(2026, 1, 5, 10, tzinfo=UTC)
LONGEST_GAP: Final = timedelta(days=366)
ODD: Final = Channel.CALL
ASKED: Final = BoardQuestion({ODD: 1, Channel.PUSH: 10}, frozenset({"u1", "u2"}))
NAMES: Final = (
    keys.rate(ODD), keys.contact("u1"), keys.decision("u1"), keys.outbound("u1"), keys.BREAKERS, keys.FRESH,
    keys.funnel(NOW.date()),
)  # fmt: skip
KINDS: Final = ("text", "text", "text", "list", "set", "hash", "field")


@cases(1_000, 20_000)
@given(st.integers(0, 2**32))
async def test_any_contact_is_a_moment_that_a_gap_can_be_added_to(seed: int) -> None:
    """However the value was written: who is contacted so late that no calendar holds the end of it waits no longer."""
    view = await odd_board(policy(), (), seed).look(ASKED, NOW)
    assert all(at.tzinfo and at + LONGEST_GAP for at in view.contacted.values())


@pytest.fixture
async def client(redis_server: Redis) -> AsyncIterator[Client]:
    client = Client.from_url(redis_server.url)
    yield client
    await client.flushall()
    await client.aclose()


@cases(150, 3_000, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=(Phase.explicit, Phase.generate))
@given(name=st.sampled_from(NAMES), kind=st.sampled_from(KINDS), value=st.sampled_from(VALUES), seed=st.integers(0, 99))
async def test_an_odd_value_under_one_key_is_that_keys_own_affair(
    client: Client, redis_server: Redis, name: str, kind: str, value: bytes, seed: int
) -> None:
    """The server is there, all others have their tokens and contacts, what was committed is told, views are read."""
    await client.flushall()
    await put(client, name, kind, value, Random(seed))
    link = Link.to(redis_server.url, limit=5)
    board = RedisBoard(link, policy(), partitions=4)
    try:
        view = await board.look(ASKED, NOW)
        assert (view.reachable, view.tokens[Channel.PUSH], "u2" in view.contacted) == (True, 10, False)
        assert view.tokens[ODD] in (0, 1)
        await board.told(committed(MESSAGE), committed(DECISION), {}, NOW)
        await board.breaker([breaker(BreakerState.OPEN)], NOW)
        assert link.up
        assert (await board.look(ASKED, NOW + timedelta(seconds=1))).contacted["u1"] == NOW
        assert (await board.look(ASKED, NOW + timedelta(days=1))).tokens[ODD] == 1, "a rate recovers"
        await board.user("u1"), await board.funnel(NOW.date()), await board.breakers()
    finally:
        await link.close()


async def put(client: Client, name: str, kind: str, value: bytes, dice: Random) -> None:
    """Somebody has written a value of a kind under a key, or in a field of a hash that we write, too."""
    field = dice.choice((b"push", b"sent/-/-", b"no-such", b"\xff"))
    if kind == "list":
        await client.rpush(name, value)
    elif kind == "set":
        await client.sadd(name, value)
    elif kind == "hash":
        await client.hset(name, field, value)
    elif kind == "field":
        await client.hset(dice.choice((keys.BREAKERS, keys.funnel(NOW.date()))), field, value)
    else:
        await client.set(name, value)
