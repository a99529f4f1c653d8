"""Quix Streams, exactly once, with its state (RocksDB and a changelog).

Tuned: few large commits (50,000 messages, 5 s), state as bytes and not as JSON, no fsync and no compression in RocksDB,
raw keys and values, no checksums, large fetches and queues, lingering batches, no watch on the broker.
"""

from typing import Any

from quixstreams import Application, State
from quixstreams.models import TopicConfig
from quixstreams.state.rocksdb import RocksDBOptions

from bench.contestants import INPUT, calm_collector, turn
from bench.job import Given, Job, pack, unpack
from bench.stopwatch import Stopwatch

RING = "r"

here = turn()
calm_collector()
watch = Stopwatch(here.total)
job = Job()


class Counting:
    """The job as a stateful function; it ends the application with the last record."""

    def __init__(self, app: Application) -> None:
        self._app, self.left = app, here.total

    def __call__(self, value: bytes, key: bytes, timestamp: int, headers: Any, state: State) -> bytes | None:
        watch.first()
        event = job.event(Given(key, value, timestamp, headers or ()))
        ring = unpack(state.get_bytes(RING))
        warning = job.count(ring, event)
        state.set_bytes(RING, pack(ring))
        self.left -= 1
        if not self.left:
            self._app.stop()
        return warning


def main() -> None:
    """Run until everything is committed."""
    app = Application(
        broker_address=here.bootstrap,
        consumer_group=here.name,
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        state_dir=here.folder,
        commit_every=50_000,
        commit_interval=5.0,
        rocksdb_options=RocksDBOptions(use_fsync=False, compression_type="none"),
        broker_availability_timeout=0,
        consumer_extra_config={
            "queued.min.messages": 200_000,
            "queued.max.messages.kbytes": 262_144,
            "max.partition.fetch.bytes": 4 << 20,
            "check.crcs": False,
        },
        producer_extra_config={"linger.ms": 20, "batch.size": 1_000_000, "queue.buffering.max.messages": 500_000},
        loglevel="WARNING",
    )
    config = TopicConfig(num_partitions=here.partitions, replication_factor=1)
    source = app.topic(INPUT, key_deserializer="bytes", value_deserializer="bytes")
    warned = app.topic(here.warnings, key_serializer="bytes", value_serializer="bytes", config=config)
    counting = Counting(app)
    stream = app.dataframe(source).apply(counting, stateful=True, metadata=True)
    stream.filter(lambda warning: warning is not None).to_topic(warned)
    report_after_last_commit(app, counting)
    app.run()


def report_after_last_commit(app: Application, counting: Counting) -> None:
    """Stop the watch at the commit that carries the last record, before the application shuts down."""
    context = app._processing_context
    commit = context.commit_checkpoint

    def committed(force: bool = False, revoking: bool = False) -> None:
        commit(force=force, revoking=revoking)
        if force and not revoking and not counting.left:
            watch.done()

    context.commit_checkpoint = committed


if __name__ == "__main__":
    main()
