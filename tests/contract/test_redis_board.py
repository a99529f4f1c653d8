"""What holds of the board on Redis only: what others write there, what its loss means, and how it comes back."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.cluster import key_slot

from agents.board import BoardAway, Link, RedisBoard, keys
from schemas.channel import Channel
from schemas.decision import Decision, Outcome
from schemas.outbound import Outbound
from schemas.policy import ChannelPolicy, Policy
from streams.board import BoardQuestion
from tests.dispatching import committed

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
POLICY = Policy(name="board", channels={Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=40)})
ASK = BoardQuestion({Channel.PUSH: 100}, frozenset({"u1"}))
LIMIT = 0.02
FULL, SHARE = {Channel.PUSH: 40}, {Channel.PUSH: 10}  # of the server; of one owner in four
MESSAGE = Outbound(
    id="m", recall="r", episode="e", stage="at_risk", warning="w", user_id="u1", product="default",
    channel=Channel.PUSH, playbook="p", template="t", cost=0, priority=5, at=NOW, expires=NOW, policy_hash="h",
)  # fmt: skip
DECISION = Decision(
    id="d", number=1, warning="w", level="risk", episode="e", recall="r", user_id="u1", product="default",
    playbook="p", outcome=Outcome.SENT, expires=NOW, at=NOW, trace=(), policy_hash="h",
)  # fmt: skip


class Wrist:
    """A stop watch in the test's hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def redis(redis_server) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server.url)
    await client.flushall()
    yield client
    await client.aclose()


def linked(url: str, monotonic: Callable[[], float], heard: list[bool], limit: float = 5) -> Link:
    return Link.to(url, limit=limit, on_up=heard.append, monotonic=monotonic)


@pytest.fixture
async def board(redis: Redis, redis_server) -> AsyncIterator[RedisBoard]:
    link = Link.to(redis_server.url, limit=5)
    yield RedisBoard(link, POLICY, partitions=4)
    await link.close()


async def test_a_contact_another_system_wrote_is_seen(redis: Redis, board: RedisBoard) -> None:
    """The documented key and value are all another sender needs."""
    await redis.set("churn:{contact}:u1", "1767605400000", ex=60)
    assert (await board.look(ASK, NOW)).contacted == {"u1": datetime(2026, 1, 5, 9, 30, tzinfo=UTC)}


@pytest.mark.parametrize("value", ["yesterday", "", "9" * 30, b"\xff"])
async def test_an_unreadable_contact_holds_the_user_and_is_said_once(
    redis: Redis, board: RedisBoard, caplog: pytest.LogCaptureFixture, value: str | bytes
) -> None:
    """It errs towards silence: such a user counts as contacted now, and the log names the key but no user."""
    await redis.set("churn:{contact}:u1", value)
    assert (await board.look(ASK, NOW)).contacted == {"u1": NOW}
    assert (await board.look(ASK, NOW + timedelta(1))).contacted == {"u1": NOW + timedelta(1)}
    [line] = caplog.messages
    assert "churn:{contact}:*" in line
    assert "u1" not in line


async def test_a_contact_lives_as_long_as_the_gap(redis: Redis, board: RedisBoard) -> None:
    """After the gap it can hold nobody, so the server forgets it; the read model is kept for its own time."""
    await board.told(committed(MESSAGE), committed(DECISION), {}, NOW)
    assert 0 < await redis.ttl(keys.contact("u1")) <= 24 * 3600
    assert await redis.get(keys.contact("u1")) == b"%d" % (NOW.timestamp() * 1000)
    assert {await redis.ttl(key) // 86_400 for key in await redis.keys("churn:{view}:*:*")} <= {34, 35}


async def test_no_key_but_buckets_breakers_and_freshness_lives_for_ever(redis: Redis, board: RedisBoard) -> None:
    """Memory on the server is bounded by users seen in the kept time."""
    await board.look(ASK, NOW)
    await board.told(committed(MESSAGE), committed(DECISION), {}, NOW)
    forever = {key.decode() for key in await redis.keys() if await redis.ttl(key) == -1}
    assert forever == {keys.rate(Channel.PUSH), keys.FRESH}


def test_keys_of_one_concern_share_a_cluster_slot() -> None:
    """Each command names keys of one concern only, so it never spans two slots of a cluster."""
    assert key_slot(keys.rate(Channel.SMS).encode()) == key_slot(keys.rate(Channel.PUSH).encode())
    assert key_slot(keys.contact("u1").encode()) == key_slot(keys.contact("{odd}u2").encode())
    view = [keys.decision("u1"), keys.outbound("u2"), keys.funnel(NOW.date()), keys.BREAKERS, keys.FRESH]
    assert len({key_slot(key.encode()) for key in view}) == 1


async def test_lost_data_is_a_full_bucket_and_no_contacts_and_nothing_else(redis: Redis, board: RedisBoard) -> None:
    """After FLUSHALL at most one more bucket is granted, no contact is known, giving back is harmless."""
    await board.look(ASK, NOW)
    await board.told(committed(MESSAGE), committed(DECISION), {}, NOW)
    await redis.flushall()
    assert await board.look(ASK, NOW) == (True, FULL, {})
    await redis.flushall()
    await board.told([], [], {Channel.PUSH: 30}, NOW)
    assert (await board.look(ASK, NOW)).tokens == FULL


async def test_a_lost_script_cache_is_not_noticed(redis: Redis, board: RedisBoard) -> None:
    """The script travels with every question: a restarted server knows it at once."""
    await board.look(ASK, NOW)
    await redis.script_flush()
    assert (await board.look(ASK, NOW)).reachable


async def test_redis_away_costs_the_static_share_and_heals_by_itself(
    redis_server, caplog: pytest.LogCaptureFixture
) -> None:
    """Loss: the share and no contacts, then the rest as before; one line and one signal each way."""
    watch, heard = Wrist(), []
    link = linked(redis_server.url, watch, heard)
    board = RedisBoard(link, POLICY, partitions=4)
    await board.look(ASK, NOW)
    redis_server.stop()
    try:
        assert await board.look(ASK, NOW) == (False, SHARE, {})
        assert await board.look(ASK, NOW + timedelta(seconds=0.1)) == (False, {Channel.PUSH: 1}, {})
        await board.told(committed(MESSAGE), committed(DECISION), {Channel.PUSH: 1}, NOW)
        assert (await board.look(ASK, NOW + timedelta(seconds=0.1))).tokens == {Channel.PUSH: 1}
        for read in (board.user("u1"), board.funnel(NOW.date()), board.breakers()):
            with pytest.raises(BoardAway, match="redis is away"):
                await read
    finally:
        redis_server.start_again(keep_data=False)
    assert not (await board.look(ASK, NOW)).reachable, "nobody tries again before the pause is over"
    watch.seconds += 1
    assert await board.look(ASK, NOW) == (True, FULL, {})
    assert heard == [True, False, True]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "redis is away" in caplog.messages[0]
    assert caplog.messages[1] == "redis is back after 1.0 s"
    await link.close()


async def test_tokens_of_the_static_share_never_return_to_the_server(redis: Redis, redis_server) -> None:
    """Taken here, given back here: a healed server gets no tokens it never granted."""
    watch = Wrist()
    link = linked(redis_server.url, watch, [])
    board, other = (RedisBoard(link, POLICY, partitions=4) for _ in range(2))
    await other.look(ASK, NOW)
    link._lost(ConnectionError("cut"))
    await board.look(ASK, NOW)
    watch.seconds += 1
    assert (await other.look(ASK, NOW)).tokens == {Channel.PUSH: 0}
    await board.told([], [], SHARE, NOW)
    assert (await other.look(ASK, NOW)).tokens == {Channel.PUSH: 0}
    await link.close()


@pytest.fixture
async def silent() -> AsyncIterator["Silent"]:
    """A peer that accepts and never answers."""
    peer = Silent()
    server = await asyncio.start_server(peer.accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    peer.url = f"redis://{host}:{port}"
    yield peer
    server.close()


class Silent:
    """Counts who asks."""

    url = ""
    asked = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.read()
        writer.close()


@pytest.fixture
async def computing() -> AsyncIterator[None]:
    """Every turn of the event loop takes longer than the limit of the links below."""

    async def compute() -> None:
        while True:
            time.sleep(1.5 * LIMIT)  # noqa: ASYNC251  # the computation
            await asyncio.sleep(0)

    busy = asyncio.create_task(compute())
    yield
    busy.cancel()


async def test_a_silent_server_costs_one_limit_and_then_nothing(silent: Silent) -> None:
    """It is asked once until the pause is over, however many transactions pass."""
    watch = Wrist()
    link = linked(silent.url, watch, [], limit=LIMIT)
    board = RedisBoard(link, POLICY, partitions=4)
    for _ in range(50):
        assert not (await board.look(ASK, NOW)).reachable
    assert silent.asked == 1
    watch.seconds += 1
    await board.look(ASK, NOW)
    assert silent.asked == 2
    await link.close()


@pytest.mark.usefixtures("computing")
async def test_a_worker_that_computes_all_the_time_does_not_take_redis_for_lost(redis: Redis, redis_server) -> None:
    """All its owners ask at once, each on a connection still to be made, and every turn of the loop is late."""
    heard: list[bool] = []
    link = linked(redis_server.url, time.monotonic, heard, limit=LIMIT)
    boards = [RedisBoard(link, POLICY, partitions=4) for _ in range(4)]
    assert all(view.reachable for view in await asyncio.gather(*(board.look(ASK, NOW) for board in boards)))
    assert heard == [True]
    await link.close()


@pytest.mark.usefixtures("computing")
async def test_a_worker_that_computes_all_the_time_finds_a_silent_server_lost(silent: Silent) -> None:
    """Its own lateness is not the server's, but neither does it hide that nothing comes."""
    heard: list[bool] = []
    link = linked(silent.url, time.monotonic, heard, limit=LIMIT)
    assert await RedisBoard(link, POLICY, partitions=4).look(ASK, NOW) == (False, SHARE, {})
    assert heard == [False]
    await link.close()


class Counted(Link):
    """A link that counts its round trips."""

    trips = 0

    async def ask(self, *asked: Any) -> list[Any] | None:
        self.trips += 1
        return await super().ask(*asked)


@pytest.mark.parametrize("users", [1, 3_000])
async def test_a_transaction_of_any_size_costs_two_round_trips(redis: Redis, redis_server, users: int) -> None:
    """One to ask before it, one to tell after it."""
    link = Counted(Redis.from_url(redis_server.url), limit=5)
    board = RedisBoard(link, POLICY, partitions=4)
    names = [f"u{n}" for n in range(users)]
    await board.look(BoardQuestion({Channel.PUSH: users}, frozenset(names)), NOW)
    decisions = committed(*(DECISION.model_copy(update={"user_id": name}) for name in names))
    messages = committed(*(MESSAGE.model_copy(update={"user_id": name}) for name in names))
    await board.told(messages, decisions, {}, NOW)
    assert link.trips == 2
    await link.close()


async def test_a_large_transaction_is_told_whole(redis: Redis, board: RedisBoard) -> None:
    """Thousands of facts go out in one round trip, none of them missing."""
    messages = [MESSAGE.model_copy(update={"user_id": f"u{n}"}) for n in range(2_000)]
    decisions = [DECISION.model_copy(update={"user_id": f"u{n}"}) for n in range(2_000)]
    await board.told(committed(*messages), committed(*decisions), {}, NOW)
    assert len(await redis.keys("churn:{contact}:*")) == 2_000
    assert await board.funnel(NOW.date()) == {"sent/-/-": 2_000}
    assert (await board.user("u1999")).outbound == messages[-1]
