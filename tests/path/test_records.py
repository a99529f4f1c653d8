"""What records may be: poison, larger than Kafka takes, compressed in any way; and what becomes of the others."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from tests.path.harness import Toys


@pytest.mark.requirement("H9")
@pytest.mark.parametrize("point", [None, "searching:1", "committed:8"])
async def test_a_poison_record_is_refused_once_and_everything_else_is_absorbed_once(toys: Toys, point) -> None:
    """Also when the worker is killed while it searches: only prefixes were committed, the next one goes on there."""
    await toys.send("events", 1000)
    await toys.put("events", [(b"u1", b"poison"), (b"u2", b"poison")])
    await toys.send("events", 1000, seed=1)
    kill = {"TOY_KILL": point} if point else {}
    worker = toys.work("count", "relay", supervised=True, **kill)
    if point:
        await toys.logged(worker, "ended with -9")
    await toys.settled()
    assert sorted(await toys.read(toys.prefix + "refused")) == [(b"u1", b"poison"), (b"u2", b"poison")]
    await toys.send("events", 500, seed=2)
    await toys.settled()


async def test_a_record_that_leads_to_one_larger_than_kafka_takes_is_refused_once(toys: Toys) -> None:
    """It is found before the transaction begins: no producer is closed for it, and nothing else is written twice."""
    await toys.send("events", 1000)
    await toys.put("events", [(b"u1", b"huge")])
    await toys.send("events", 1000, seed=1)
    worker = toys.work("count", "relay", supervised=True)
    await toys.settled()
    assert await toys.read(toys.prefix + "refused") == [(b"u1", b"huge")]
    assert "lets go and opens again" not in toys.log_of(worker)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_records_in_every_compression_of_kafka_are_absorbed(toys: Toys, codec: str) -> None:
    """Who writes chooses it, in whatever client; librdkafka frames snappy in another way than Java and aiokafka."""
    worker = toys.work("count", "relay", supervised=True)
    for version, user in enumerate((b"aiokafka", b"librdkafka")):
        records = [(b"%s%d" % (user, n), b"x" * 300) for n in range(200)]
        toys.events.update(key for key, _value in records)
        if version:
            producer = Producer({"bootstrap.servers": toys.bootstrap, "compression.type": codec, "linger.ms": 50})
            for key, value in records:
                producer.produce(toys.prefix + "events", value, key)
            assert await asyncio.to_thread(producer.flush, 30) == 0
        else:
            await toys.put("events", records, compression_type=codec)
    await toys.settled()
    assert "opens again" not in toys.log_of(worker)


async def test_a_poison_record_of_our_own_holds_its_partition_and_no_other(toys: Toys) -> None:
    """Leaving it out would lose what it says: the partition stands still loudly, the others go on."""
    worker = toys.work("count", "relay", supervised=True)
    await toys.send("events", 1000)
    await toys.settled()
    held = await _partition_of(toys, b"u1")
    await toys.put("notes", [(b"u1", b"poison")])
    await toys.logged(worker, f"relay[{held}] stands still: notes at", 2)
    others = [b"v%d" % n for n in range(200)]
    await toys.put("replies", [(key, b"x") for key in others])
    expected = {key for key in others if await _partition_of(toys, key) != held}

    async def there() -> bool:
        return expected <= set(await toys.state("relay"))

    await toys.eventually(there, "the other partitions' users")
    assert not (set(others) - expected) & set(await toys.state("relay"))


async def _partition_of(toys: Toys, key: bytes) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=toys.bootstrap)
    await producer.start()
    try:
        await producer.partitions_for(toys.prefix + "events")
        return int(producer._partition(toys.prefix + "events", None, key, None, key, None))
    finally:
        await producer.stop()
