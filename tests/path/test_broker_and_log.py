"""What the broker and the log may do to the path: restarts, markers, holes, aborts, retention, a topic made anew."""

import asyncio
import re
import signal
import subprocess
from itertools import pairwise

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from agents.batches.reader import reading
from agents.local import Kafka
from tests.path.harness import LEDGER, PARTITIONS, Toys


async def test_a_broker_that_is_killed_and_restarted_stops_nobody_for_long(toys: Toys, kafka: Kafka) -> None:
    """The worker goes on by itself, whether Faust survives the broker's absence or is started again."""
    worker = toys.work("count", "relay", supervised=True)
    await toys.send("events", 2000)
    await toys.logged(worker, "relay[3] opened")
    kafka.kill()
    kafka.restart()
    await toys.send("events", 2000, seed=1)
    await toys.settled()


async def test_opening_on_a_transaction_marker_goes_on_behind_it(toys: Toys) -> None:
    """Every note batch ends in a marker; a restarted relay stands on it and takes what follows."""
    await toys.send("events", 1000)
    worker = toys.work("count", "relay", supervised=True)
    await toys.settled()
    worker.send_signal(signal.SIGTERM)
    await toys.ended(worker)
    count = toys.work("count", supervised=True)
    await toys.send("events", 1000, seed=1)
    await toys.logged(count, "count[3] opened")
    toys.work("relay", supervised=True)
    await toys.settled()


async def test_opening_on_a_compacted_hole_goes_on_behind_it(toys: Toys) -> None:
    """Records that compaction removed leave a hole: the batch behind it enters though it does not begin there."""
    await toys.admin(lambda admin: admin.delete_topics([toys.prefix + "replies"]))
    soon = {"min.cleanable.dirty.ratio": "0.01", "segment.ms": "100", "max.compaction.lag.ms": "100"}
    await _made_again(toys, "replies", {"cleanup.policy": "compact", **soon})

    async def compacted() -> bool:
        await toys.put("replies", [(b"k%d" % n, b"x") for n in range(40)])
        offsets = await _offsets(toys, toys.prefix + "replies", 0)
        return any(b - a > 1 for a, b in pairwise([-1, *offsets]))

    await toys.eventually(compacted, "a compacted hole")
    await _compacted_no_further(toys, toys.prefix + "replies")
    toys.replies.update(key for key, _value in await toys.read(toys.prefix + "replies") if key is not None)
    toys.work("count", "relay", supervised=True)
    await toys.settled()


async def test_what_was_aborted_upstream_is_never_seen(toys: Toys) -> None:
    """Aborted events make no note, aborted notes (a role's warnings) no decision, and nothing stands still on them."""
    await toys.send("events", 500)
    for topic in ("events", "notes"):
        await toys.put(topic, [(b"u1", b"x")] * 100, transactional_id=toys.prefix + "upstream")
    await toys.send("events", 500, seed=1)
    toys.work("count", "relay", supervised=True)
    await toys.settled()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"\x01garbage", "partition record: "),
        (b"\xff\x90", "partition record was written by a newer program; upgrade this worker (version 255"),
    ],
    ids=["unreadable", "newer"],
)
async def test_a_state_record_that_cannot_be_read_stops_its_partition_loudly(toys: Toys, value, words) -> None:
    """Going on without it would lose what it held."""
    worker = toys.work("count", "relay", supervised=True)
    await toys.send("events", 500)
    await toys.settled()
    worker.kill()
    await _overwrite_ledger(toys, 2, value)
    worker = toys.work("count", supervised=True)
    await toys.logged(worker, f"count[2] stands still: {words}")
    await toys.logged(worker, "count[3] opened")
    assert "count[2] opened" not in toys.log_of(worker)


async def test_retention_that_overtakes_us_stops_the_partition_with_the_range(toys: Toys) -> None:
    """Records deleted before they were read are a loss; it is said, never skipped over."""
    worker = toys.work("count")  # a supervisor's child would outlive it by a moment, and read what comes
    await toys.send("events", 400)
    await toys.absorbed()
    worker.kill()
    await toys.ended(worker)
    await toys.put("events", [(b"u%d" % (n % 50), b"x") for n in range(400)])
    await toys.admin(lambda admin: admin.delete_records({_events(toys, n): RecordsToDelete(-1) for n in range(4)}))
    worker = toys.work("count", supervised=True)
    await toys.logged(worker, "were deleted by retention before they were read", PARTITIONS)
    assert "opened" not in toys.log_of(worker)


async def test_retention_that_overtakes_a_running_worker_stops_it_too(toys: Toys) -> None:
    """The same while the worker lives: it was paused, and came back too late."""
    worker = toys.work("count")
    await toys.send("events", 400)
    await toys.absorbed()
    worker.send_signal(signal.SIGSTOP)
    for _fetch_under_way_and_lost in range(2):
        await toys.put("events", [(b"u%d" % (n % 50), b"x") for n in range(400)])
    await toys.admin(lambda admin: admin.delete_records({_events(toys, n): RecordsToDelete(-1) for n in range(4)}))
    worker.send_signal(signal.SIGCONT)
    await toys.logged(worker, "were deleted by retention before they were read", PARTITIONS)
    assert sum((await toys.state("count")).values()) <= 800


async def test_a_topic_made_anew_stops_the_partition(toys: Toys) -> None:
    """Offsets of another life mean nothing: the partition stops and says what the log holds now."""
    worker = toys.work("count", supervised=True)
    await toys.send("events", 400)
    await toys.absorbed()
    worker.kill()
    await toys.admin(lambda admin: admin.delete_topics([toys.prefix + "events"]))
    await _made_again(toys, "events", {})
    worker = toys.work("count", supervised=True)
    await toys.logged(worker, "the topic was made anew", PARTITIONS)


async def test_a_changelog_made_anew_stops_the_partition(toys: Toys) -> None:
    """Without its partition record a partition would do everything twice; the group's offsets show that it was lost."""
    worker = toys.work("count", supervised=True)
    await toys.send("events", 400)
    await toys.absorbed()
    partitions = [_events(toys, n) for n in range(PARTITIONS)]

    async def reported() -> bool:
        group = f"{toys.prefix}count"
        found = await toys.admin(lambda admin: admin.list_consumer_group_offsets(group, partitions=partitions))
        return all(at.offset > 0 for at in found.values())  # type: ignore[attr-defined]

    await toys.eventually(reported, "offsets for lag tools, which come once a second")
    worker.kill()
    await toys.admin(lambda admin: admin.delete_topics([toys.changelog("count")]))
    await _made_again(toys, "count-state-changelog", {"cleanup.policy": "compact"})
    worker = toys.work("count", supervised=True)
    await toys.logged(worker, "no partition record, though its group has committed", PARTITIONS)
    assert "opened" not in toys.log_of(worker)


async def test_recovery_is_right_cold_and_warm(toys: Toys) -> None:
    """A store on disk goes on from its own offset; one that was lost is read anew; both give the same state."""
    ends: list[dict[int, int]] = []
    await toys.send("events", 2000)
    for _start in range(2):
        worker = toys.work("count", "relay", supervised=True, TOY_STORE="rocksdb")
        await toys.send("events", 500, seed=1)
        await toys.settled()
        worker.send_signal(signal.SIGTERM)
        await toys.ended(worker)
        ends.append(await _changelog_ends(toys))
    cold = toys.work("count", "relay", supervised=True)  # memory
    await toys.send("events", 500, seed=2)
    await toys.settled()
    assert "opens again" not in toys.log_of(cold)
    first, second = ends
    assert _recoveries(toys, worker) == {n: (end - 1, end) for n, end in first.items()}, "nothing but a marker is left"
    assert _recoveries(toys, cold) == {n: (0, end) for n, end in second.items()}


def _recoveries(toys: Toys, worker: subprocess.Popen[bytes]) -> dict[int, tuple[int, int]]:
    """From where to where each partition of the count role first read its changelog."""
    told = re.findall(rf"recovery of {toys.changelog('count')}\[(\d)\] from (\d+) to (\d+)\.", toys.log_of(worker))
    return {int(number): (int(start), int(end)) for number, start, end in reversed(told)}


async def _changelog_ends(toys: Toys) -> dict[int, int]:
    """Where the count role's changelog partitions end: behind the marker of their last transaction."""
    async with reading({"bootstrap_servers": toys.bootstrap}) as reader:
        return {n: await reader.end_of(TopicPartition(toys.changelog("count"), n)) for n in range(PARTITIONS)}


def _events(toys: Toys, number: int) -> TopicPartition:
    return TopicPartition(toys.prefix + "events", number)


async def _made_again(toys: Toys, name: str, config: dict[str, str]) -> None:
    """Create a topic whose deletion may still be under way."""
    topic = NewTopic(toys.prefix + name, PARTITIONS, 1, topic_configs=config)

    async def made() -> bool:
        answer = await toys.admin(lambda admin: admin.create_topics([topic]))
        return all(error[1] == 0 for error in answer.topic_errors)  # type: ignore[attr-defined]

    await toys.eventually(made, f"the new topic {name}")


async def _offsets(toys: Toys, topic: str, number: int) -> list[int]:
    """The offsets that one partition still holds."""
    async with reading({"bootstrap_servers": toys.bootstrap}) as reader:
        tp = TopicPartition(topic, number)
        begin, end = await reader.range_of(tp)
        return [r.offset async for records, _end in reader.read(tp, begin, end) for r in records]


async def _compacted_no_further(toys: Toys, topic: str) -> None:
    """What is there now stays there."""
    kept = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"cleanup.policy": "delete"})
    await toys.admin(lambda admin: admin.alter_configs([kept]))
    seen: list[int] = []

    async def stands() -> bool:
        nonlocal seen
        before, seen = seen, [len(await _offsets(toys, topic, number)) for number in range(PARTITIONS)]
        await asyncio.sleep(1)  # longer than one run of the cleaner over so little
        return before == seen

    await toys.eventually(stands, "the end of compaction")


async def _overwrite_ledger(toys: Toys, number: int, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=toys.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(toys.changelog("count"), value, key=LEDGER, partition=number)
    finally:
        await producer.stop()
