"""The driver with toy roles: what a role may rely on is what the real owner does."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner

from agents.board import MemoryBoard
from agents.driver import Driver, partition_of
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from agents.roles.spec import RoleSpec
from schemas import topics
from schemas.base import VERSION_HEADER
from schemas.channel import Channel
from schemas.policy import ChannelPolicy, Policy
from schemas.version import NewerRecord
from streams.board import BoardQuestion
from streams.health.state import key_of
from streams.role import Fact, Record, Settled, Table

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
POLICY = Policy(name="toy", channels={Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=10)})
SEEN = 10**12


class Counting:
    """Counts each key's records in the table; tells every count on the next topic, and the heard ones in the memo."""

    def __init__(self, calls: list[str], output: str, number: int, table: Table, memo: bytes | None) -> None:
        self.calls, self.output, self.number, self.table, self.memo = calls, output, number, table, memo or b""
        self.writes: dict[bytes, bytes | None] = {}
        calls.append(f"open {number}")

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        self.calls.append(f"hear {topic} {[r.value for r in records]}")
        self.memo += b"".join(r.value or b"" for r in records)
        return ()

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> object | None:
        self.calls.append(f"question behind {behind}")
        return BoardQuestion({Channel.PUSH: 4}, frozenset()) if self.writes else None

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        self.calls.append("judge" if answer is None else "judge with an answer")
        return ()

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        self.calls.append(f"step {topic} {[r.value for r in records]}")
        for record in records:
            key = record.key or b""
            count = int(self.writes.get(key) or self.table.get(key) or b"0") + 1
            self.writes[key] = b"%d" % count
            yield Fact(self.output, key, b"%s %d" % (record.value or b"", count))

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
        self.calls.append("tick")
        return ()

    def settle(self) -> Settled:
        self.calls.append("settle")
        writes, self.writes = self.writes, {}
        return Settled(writes, self.memo)


def counting(
    calls: list[str], reads: tuple[str, ...] = (topics.EVENTS,), writes: str = topics.WARNINGS, **more: object
) -> RoleSpec:
    def open_(number: int, table: Table, memo: bytes | None) -> Counting:
        return Counting(calls, writes, number, table, memo)

    return RoleSpec("counting", reads, frozenset({topics.WARNINGS, topics.STAGES}), open_, **more)


def values(driver: Driver, topic: str) -> list[bytes | None]:
    return [record.value for record in driver.read(topic)]


def test_a_key_goes_where_a_kafka_producer_sends_it() -> None:
    """Murmur2, as Kafka's own clients: an event lands at the owner that holds its user's state."""
    keys = [f"user-{n}".encode() for n in range(500)]
    assert [partition_of(key, 7) for key in keys] == [DefaultPartitioner()(key, list(range(7)), []) for key in keys]


async def test_what_one_role_writes_the_next_reads_in_the_same_settling() -> None:
    """Two roles in a row, whatever order they are listed in: nothing waits when it has settled."""
    one, two = counting([]), counting([], reads=(topics.WARNINGS,), writes=topics.STAGES)
    for roles in ([one, two], [two, one]):
        driver = Driver(POLICY, roles)
        driver.send(topics.EVENTS, b"u1", b"a", SEEN)
        await driver.settle(NOW)
        assert values(driver, topics.STAGES) == [b"a 1 1"]


async def test_a_fact_bears_the_processing_time_and_stays_in_its_partition() -> None:
    """Record time of what is written is the turn's; the number is the source's."""
    driver = Driver(POLICY, [counting([])])
    driver.send(topics.EVENTS, b"u2", b"a", SEEN)
    await driver.settle(NOW)
    [fact] = driver.read(topics.WARNINGS)
    assert (fact.partition, fact.timestamp) == (partition_of(b"u2", 4), NOW.timestamp() * 1000)
    assert driver.read(topics.EVENTS)[0].timestamp == SEEN


async def test_a_transaction_calls_in_the_order_of_the_real_owner() -> None:
    """Broadcasts first, then records with those of ``first`` before the others, then the question, at last the tick."""
    calls: list[str] = []
    reads = (topics.WARNINGS, topics.PROFILES)
    spec = counting(calls, reads, topics.STAGES, first=frozenset({topics.PROFILES}), broadcasts=(topics.BREAKERS,))
    driver = Driver(POLICY, [spec], partitions=1)
    for topic, key, value in [
        (topics.WARNINGS, b"u1", b"w"), (topics.PROFILES, b"u1", b"p"), (topics.BREAKERS, b"sms", b"b"),
    ]:  # fmt: skip
        driver.send(topic, key, value, SEEN)
    assert await driver.turn(NOW) is False
    assert calls == [
        "open 0", "hear churn.breakers [b'b']", "step user.profiles [b'p']", "step churn.warnings [b'w']",
        "question behind 0", "judge with an answer", "tick", "settle",
    ]  # fmt: skip


async def test_a_broadcast_is_heard_once_by_every_partition_and_only_the_newest_of_a_key() -> None:
    """As from a compacted topic, in offset order, and never again."""
    calls: list[str] = []
    driver = Driver(POLICY, [counting(calls, broadcasts=(topics.BREAKERS,))], partitions=3)
    for key, value in [(b"sms", b"1"), (b"push", b"2"), (b"sms", b"3")]:
        driver.send(topics.BREAKERS, key, value, SEEN)
    await driver.settle(NOW)
    await driver.settle(NOW)
    assert [call for call in calls if call.startswith("hear")] == ["hear churn.breakers [b'2', b'3']"] * 3


async def test_orders_are_heard_whole_at_each_opening() -> None:
    """Of all that were said the newest of a key, also where the partition had heard them before it was closed."""
    calls: list[str] = []
    spec = counting(calls, broadcasts=(topics.CONTROL,), orders=frozenset({topics.CONTROL}))
    driver = Driver(POLICY, [spec], partitions=1)
    for key, value in [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]:
        driver.send(topics.CONTROL, key, value, SEEN)
        await driver.settle(NOW)
    driver.restart()
    await driver.settle(NOW)
    said = [call.removeprefix("hear churn.control ") for call in calls if call.startswith("hear")]
    assert said == ["[b'1']", "[b'2']", "[b'3']", "[b'2', b'3']"]


async def test_no_transaction_takes_more_records_than_the_limit() -> None:
    """The cut is the caller's; what follows from the records is not changed by it."""
    calls: list[str] = []
    driver = Driver(POLICY, [counting(calls)], partitions=1, records=2)
    for n in range(5):
        driver.send(topics.EVENTS, b"u1", b"%d" % n, SEEN)
    await driver.settle(NOW)
    taken = [call for call in calls if call.startswith("step")]
    assert taken == [f"step app.events {batch}" for batch in ([b"0", b"1"], [b"2", b"3"], [b"4"])]
    assert values(driver, topics.WARNINGS) == [b"0 1", b"1 2", b"2 3", b"3 4", b"4 5"]


async def test_a_role_knows_of_how_many_transactions_the_backlog_is_not_absorbed() -> None:
    """At opening, and after each transaction that leaves something unread which was there when it began."""
    calls: list[str] = []
    driver = Driver(POLICY, [counting(calls)], partitions=1, records=2)
    for n in range(5):
        driver.send(topics.EVENTS, b"u1", b"%d" % n, SEEN)
    await driver.settle(NOW)
    asked = [call.removeprefix("question behind ") for call in calls if call.startswith("question")]
    assert asked == ["2", "3", "0"]


async def test_a_restart_keeps_what_was_committed_and_nothing_else() -> None:
    """Table, memo and positions outlive the partition, which is opened anew from them."""
    calls: list[str] = []
    driver = Driver(POLICY, [counting(calls, broadcasts=(topics.BREAKERS,))], partitions=1)
    for minute in range(3):
        driver.send(topics.EVENTS, b"u1", b"x", SEEN)
        driver.send(topics.BREAKERS, b"sms", b"%d" % minute, SEEN)
        await driver.settle(NOW + timedelta(minutes=minute))
        driver.restart("counting")
        driver.restart("another role")
    assert values(driver, topics.WARNINGS) == [b"x 1", b"x 2", b"x 3"]
    assert calls.count("open 0") == 3
    assert driver._owners[0]._memo == b"012"


async def test_tokens_a_role_did_not_use_are_back_on_the_board() -> None:
    """The toy asks for four tokens a transaction and sends nothing: the bucket stays full."""
    board = MemoryBoard(POLICY)
    driver = Driver(POLICY, [counting([])], board=board)
    for n in range(20):
        driver.send(topics.EVENTS, b"u%d" % n, b"x", SEEN)
    await driver.settle(NOW)
    assert (await board.look(BoardQuestion({Channel.PUSH: 99}, frozenset()), NOW)).tokens == {Channel.PUSH: 10}


async def test_processing_time_never_runs_backwards() -> None:
    """A caller that turns the clock back is told so, and nothing is changed."""
    driver = Driver(POLICY, [counting([])])
    await driver.settle(NOW)
    with pytest.raises(ValueError, match="never runs backwards"):
        await driver.settle(NOW - timedelta(microseconds=1))


async def test_a_role_writes_to_its_outputs_only() -> None:
    """The role table is the truth about who writes where."""
    driver = Driver(POLICY, [counting([], writes=topics.OUTBOUND)])
    driver.send(topics.EVENTS, b"u1", b"x", SEEN)
    with pytest.raises(ValueError, match=r"counting wrote to churn\.outbound, which is not among its outputs"):
        await driver.settle(NOW)


async def test_a_partition_that_does_not_exist_is_an_error() -> None:
    """Topics that are not keyed by user have one partition; a fact that names no partition goes to its owner's."""
    driver = Driver(POLICY, [counting([])])
    with pytest.raises(IndexError, match=r"churn\.counts has 1 partitions, none has the number 3"):
        driver.topics.append(topics.COUNTS, 3, SEEN, b"3", b"x", ())


@pytest.mark.parametrize("role", [health, dispatcher, governor])
async def test_a_record_of_a_newer_program_stops_every_role_and_is_never_searched_for(role: Any) -> None:
    """A user's record under a checkpoint that this program can read: the net must not put the user aside."""
    keys = {"health": key_of("u1", "default"), "dispatcher": b"u1", "governor": b"breaker/push"}
    driver = Driver(POLICY, [role(POLICY)], partitions=1)
    driver._owners[0]._table[keys[driver._owners[0].spec.name]] = b"\x63\x00\x00\x00\x00\x90"
    with pytest.raises(NewerRecord, match="was written by a newer program; upgrade this worker"):
        await driver.settle(NOW)


async def test_a_message_of_a_newer_program_stops_the_role_too() -> None:
    """It is neither refused nor left out: no letter, no user put aside."""
    driver = Driver(POLICY, [dispatcher(POLICY)], partitions=1)
    driver.send(topics.WARNINGS, b"u1", b"{}", SEEN, ((VERSION_HEADER, b"99"),))
    with pytest.raises(NewerRecord):
        await driver.settle(NOW)
    assert driver.read(topics.DEAD_LETTERS) == driver.read(topics.DECISIONS) == []
