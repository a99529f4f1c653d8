"""What a transaction a batch promises, whatever happens to workers: records count once, outputs are there once."""

import re
import signal

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from tests.path.harness import Toys

KILL_POINTS = ["fenced", "recovered", "begun:3", "written:3", "prepared:3", "committed:3", "applied:3", "ticked:2"]


async def test_a_restart_goes_on_where_the_book_stands(toys: Toys) -> None:
    """Two workers one after the other absorb every event once."""
    for seed in (1, 2):
        await toys.send("events", 2000, seed=seed)
        worker = toys.work("count", "relay", supervised=True)
        await toys.settled()
        worker.send_signal(signal.SIGTERM)
        assert await toys.ended(worker) == 0


@pytest.mark.parametrize("point", KILL_POINTS)
async def test_a_kill_at_any_point_loses_and_doubles_nothing(toys: Toys, point: str) -> None:
    """The process dies as by kill -9 at a named point; the next one settles the rest."""
    await toys.send("events", 3000)
    await toys.send("replies", 300)
    worker = toys.work("count", "relay", supervised=True, TOY_KILL=point, TOY_POLL="200", TOY_LIMIT="200")
    await toys.logged(worker, "ended with -9")
    await toys.send("events", 1000, seed=3)
    await toys.settled()


async def test_a_kill_in_recovery_is_recovered_from(toys: Toys) -> None:
    """A worker dies while it reads its changelog; the next one reads it again."""
    await toys.send("events", 3000)
    worker = toys.work("count", "relay", supervised=True)
    await toys.settled()
    worker.kill()
    worker = toys.work("count", "relay", supervised=True, TOY_KILL="recovering")
    await toys.logged(worker, "ended with -9")
    await toys.send("events", 1000, seed=3)
    await toys.settled()


async def test_workers_may_join_and_leave(toys: Toys) -> None:
    """Partitions move to a second worker and back while events flow."""
    first = toys.work("count", "relay", supervised=True)
    await toys.send("events", 2000)
    await toys.logged(first, "count[0] opened")
    second = toys.work("count", "relay", supervised=True)
    await toys.logged(second, "count[", 2)
    await toys.send("events", 2000, seed=1)
    await toys.settled()
    first.send_signal(signal.SIGTERM)
    await toys.send("events", 2000, seed=2)
    await toys.settled()


async def test_an_owner_gets_all_topics_of_its_number(toys: Toys) -> None:
    """The relay reads two topics; whoever has a partition of one has that of the other, also after a rebalance."""
    first, second = toys.work("relay"), toys.work("relay")
    await toys.logged(first, "relay[", 2)
    await toys.logged(second, "relay[", 2)
    assert "without all of their topics" not in toys.log_of(first) + toys.log_of(second)


async def test_a_worker_paused_beyond_its_session_does_no_harm(toys: Toys) -> None:
    """While it is paused another one works; when it goes on it is refused, and heals: in the end it works alone."""
    toys.work("relay", supervised=True)
    paused = toys.work("count")
    await toys.send("events", 1000)
    await toys.logged(paused, "count[3] opened")
    paused.send_signal(signal.SIGSTOP)
    other = toys.work("count", supervised=True)
    await toys.logged(other, "count[3] opened")
    await toys.send("events", 2000, seed=1)
    await toys.settled()
    paused.send_signal(signal.SIGCONT)
    await toys.send("events", 2000, seed=2)
    await toys.settled()
    other.send_signal(signal.SIGTERM)
    assert await toys.ended(other) == 0
    await toys.send("events", 1000, seed=3)
    await toys.settled()
    assert paused.poll() is None


async def test_group_offsets_that_are_lost_change_nothing(toys: Toys) -> None:
    """Kafka forgets a group's offsets after a week without members; the partition record carries them."""
    await toys.send("events", 2000)
    worker = toys.work("count", "relay", supervised=True)
    await toys.settled()
    worker.send_signal(signal.SIGTERM)
    await toys.ended(worker)
    group = f"{toys.prefix}count"
    offsets = {TopicPartition(toys.prefix + "events", n): OffsetAndMetadata(0, "") for n in range(4)}
    consumer = _member(toys, group)
    await consumer.start()
    await consumer.commit(offsets)
    await consumer.stop()
    toys.work("count", "relay", supervised=True)
    await toys.send("events", 1000, seed=1)
    await toys.settled()


def _member(toys: Toys, group: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=toys.bootstrap, group_id=group, enable_auto_commit=False)
    consumer.assign([TopicPartition(toys.prefix + "events", n) for n in range(4)])
    return consumer


async def test_what_was_held_is_sent_after_a_restart_without_further_input(toys: Toys) -> None:
    """A worker dies before the tick that would have sent; no event comes; the next one's tick sends."""
    await toys.send("replies", 300)
    worker = toys.work("relay", supervised=False, TOY_KILL="ticked:1")
    assert await toys.ended(worker) == -signal.SIGKILL
    toys.work("count", "relay", supervised=True)
    await toys.settled()


async def test_nothing_is_due_before_the_topics_that_come_first_are_read(toys: Toys) -> None:
    """A worker dies in its first tick: by then the replies of that partition stand in the book."""
    await toys.send("replies", 300)
    worker = toys.work("relay", supervised=False, TOY_KILL="ticked:1")
    assert await toys.ended(worker) == -signal.SIGKILL
    assert await toys.state("relay")


async def test_what_was_heard_before_a_crash_is_heard_again_and_counts_once(toys: Toys) -> None:
    """A worker dies in the tick that would have written down what it heard; later ones neither lose nor repeat it."""
    await toys.put("orders", [(b"o%d" % n, b"x") for n in range(7)])
    worker = toys.work("relay", TOY_KILL="ticked:1")
    assert await toys.ended(worker) == -signal.SIGKILL
    assert 0 in await toys.memos("relay")
    await _have_heard(toys, 7)
    await toys.put("orders", [(b"p%d" % n, b"x") for n in range(3)])
    await _have_heard(toys, 10)


async def _have_heard(toys: Toys, count: int) -> None:
    """A worker that begins now comes to have heard so many records in every partition, and leaves."""
    worker = toys.work("relay")

    async def there() -> bool:
        found = await toys.memos("relay")
        assert max(found) <= count
        return found == [count] * 4

    await toys.eventually(there, f"{count} orders heard")
    worker.send_signal(signal.SIGTERM)
    await toys.ended(worker)
    assert await toys.memos("relay") == [count] * 4


async def test_a_tick_is_told_it_has_caught_up_when_no_record_waits_and_not_before(toys: Toys) -> None:
    """Everything was sent before the worker began, and is absorbed in many transactions, each with a tick."""
    await toys.send("events", 3000)
    worker = toys.work("count", supervised=True, TOY_POLL="200", TOY_LIMIT="100", TOY_TICK="0.001")
    await toys.absorbed()
    await toys.logged(worker, "caught up: True", 4)
    said = re.findall(r"tick of (\d): (\d+) events, caught up: (\w+)\.", toys.log_of(worker))
    ticks = [(number, int(events), caught_up == "True") for number, events, caught_up in said]
    most = {number: max(events for other, events, _ in ticks if other == number) for number, _, _ in ticks}
    assert sum(most.values()) == 3000
    assert {(number, most[number]) for number in most} == {(n, events) for n, events, caught_up in ticks if caught_up}
    assert any(0 < events < most[number] for number, events, _ in ticks)


async def test_what_faust_loses_is_fetched_again_though_nothing_follows(toys: Toys) -> None:
    """Delivered batches that never arrive leave no gap when no later one comes; the owner goes back for them."""
    await toys.send("events", 1000)
    toys.work("count", "relay", supervised=True, TOY_DROP="4")
    await toys.settled()
