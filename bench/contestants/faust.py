"""Stock Faust, at least once: an agent, a table with its changelog, a topic of warnings.

Tuned: see README.md; the options say what was tried.
"""

import asyncio
from typing import Any

import faust

from bench.contestants import INPUT, calm_collector, turn
from bench.job import Given, Job, Ring, pack, unpack
from bench.stopwatch import Stopwatch

here = turn()
calm_collector()
watch = Stopwatch(here.total)
job = Job()
TAKE = int(here.options.get("take", 0))

app = faust.App(
    here.name,
    broker=f"kafka://{here.bootstrap}",
    datadir=here.folder,
    store=here.options.get("store", "memory://"),
    topic_partitions=here.partitions,
    topic_replication_factor=1,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    stream_wait_empty=False,
    broker_max_poll_records=int(here.options.get("poll", 16_000)),
    stream_buffer_maxsize=int(here.options.get("buffer", 16_384)),
    consumer_max_fetch_size=4 << 20,
    broker_check_crcs=False,
    producer_linger=float(here.options.get("linger", 0.02)),
    producer_max_batch_size=1_000_000,
    producer_acks=1,
    web_enabled=False,
)
events = app.topic(INPUT, key_serializer="raw", value_serializer="raw")
warned = app.topic(here.warnings, key_serializer="raw", value_serializer="raw")
rings = app.Table("rings", key_type=bytes, value_type=bytes, partitions=here.partitions, use_partitioner=bool(TAKE))
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


async def finished(records: int) -> None:
    """Commit and report once everything was seen."""
    global seen
    seen += records
    if seen == watch.total:
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(finish()))


async def finish() -> None:
    """Wait until everything is acknowledged and its offsets are committed."""
    while app.topics.acks_enabled_for(INPUT) and app.consumer.unacked:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await app.consumer.commit()
    await app.producer.flush()
    watch.done()


async def one_by_one(stream: Any) -> None:
    async for event in stream.events():
        touched: dict[bytes, Ring] = {}
        count(touched, event.message)
        for key, ring in touched.items():
            rings[key] = pack(ring)
        await finished(1)


async def by_takes(stream: Any) -> None:
    async for batch in stream.take_events(TAKE, within=0.1):
        touched: dict[bytes, Ring] = {}
        for event in batch:
            count(touched, event.message)
        for key, ring in touched.items():
            rings[key] = pack(ring)
        await finished(len(batch))


app.agent(events, name="count")(by_takes if TAKE else one_by_one)

if __name__ == "__main__":
    faust.Worker(app, loglevel="info", redirect_stdouts=False).execute_from_commandline()
