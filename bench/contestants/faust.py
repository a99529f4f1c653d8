"""Stock Faust, at least once: an agent, a table with its changelog, a topic of warnings.

Tuned: uvloop, events taken by thousands (a table write a touched user and take), raw keys and values, large polls,
buffers and fetches, no checksums, lingering batches, memory store, acks=1. The way ``each`` takes events singly, as
Faust's guide does.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import mode.loop

if __name__ == "__main__":
    mode.loop.use("uvloop")  # before Faust is imported

import faust

from bench.contestants import INPUT, calm_collector, turn
from bench.job import Given, Job, Ring, pack, unpack
from bench.stopwatch import Stopwatch

here = turn()
calm_collector()
watch = Stopwatch(here.total)
job = Job()
EACH = here.way == "each"
TAKE = 4_000

app = faust.App(
    here.name,
    broker=f"kafka://{here.bootstrap}",
    datadir=here.folder,
    store="memory://",
    topic_partitions=here.partitions,
    topic_replication_factor=1,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    stream_wait_empty=False,
    broker_max_poll_records=16_000,
    stream_buffer_maxsize=16_384,
    consumer_max_fetch_size=4 << 20,
    broker_check_crcs=False,
    producer_linger=0.02,
    producer_max_batch_size=1_000_000,
    producer_acks=1,
    web_enabled=False,
)
source = app.topic(INPUT, key_serializer="raw", value_serializer="raw")
warned = app.topic(here.warnings, key_serializer="raw", value_serializer="raw")
# A take has no current event to name the partition; the partitioner finds the same one.
rings = app.Table("rings", key_type=bytes, value_type=bytes, partitions=here.partitions, use_partitioner=not EACH)
seen = 0


def given(message: Any) -> Given:
    """A Faust message as intake wants it."""
    return Given(message.key, message.value, int(message.timestamp * 1000), message.headers or ())


def count(touched: dict[bytes, Ring], message: Any) -> None:
    """One event."""
    watch.first()
    event = job.event(given(message))
    key = message.key
    ring = touched.get(key)
    if ring is None:
        ring = touched[key] = unpack(rings.get(key))
    warning = job.count(ring, event)
    if warning is not None:
        warned.send_soon(key=key, value=warning, partition=message.partition)


async def work(messages: Sequence[Any]) -> None:
    """Some events, one table write a touched user; after the last of all, the end."""
    global seen
    touched: dict[bytes, Ring] = {}
    for message in messages:
        count(touched, message)
    for key, ring in touched.items():
        rings[key] = pack(ring)
    seen += len(messages)
    if seen == watch.total:
        app.loop.create_task(finish())


async def finish() -> None:
    """Wait until everything is acknowledged and its offsets are committed."""
    while app.topics.acks_enabled_for(INPUT) and app.consumer.unacked:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await app.consumer.commit()
    await app.producer.flush()
    watch.done()


async def each(stream: Any) -> None:
    """An event at a time."""
    async for event in stream.events():
        await work([event.message])


async def by_takes(stream: Any) -> None:
    """Some thousand at a time, whatever comes within a tenth of a second."""
    async for events in stream.take_events(TAKE, within=0.1):
        await work([event.message for event in events])


app.agent(source, name="count")(each if EACH else by_takes)

if __name__ == "__main__":
    faust.Worker(app, loglevel="info", redirect_stdouts=False).execute_from_commandline()
