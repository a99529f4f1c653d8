"""A reference event producer: one JSON event a line on standard input goes to app.events, acknowledged and in order.

    python producer.py < events.jsonl

It needs aiokafka and nothing of churn-alerts: take it as it is, or as a pattern in your own language. A line is an
event as docs/contracts describes it (id, source, type, time with offset, user_id; product and properties may follow).
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

NEEDED = ("id", "source", "type", "time", "user_id")
AT_ONCE = 1_000


def record(event: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Key and value of an event; raises ``ValueError`` where a needed field is missing.

    The key is the user, so that all events of a user stand in one partition, in order. The id comes from the app and
    not from here: a retry of the app must carry the same one, since source and id are how a duplicate is known.
    """
    missing = [name for name in NEEDED if not event.get(name)]
    if missing:
        raise ValueError(f"event {event.get('id')!r} has no {', '.join(missing)}")
    return event["user_id"].encode(), json.dumps(event).encode()


async def publish(bootstrap: str, topic: str, lines: Iterable[str]) -> int:
    """Return how many events Kafka has acknowledged: all of them, else its error is raised."""
    # Acknowledged by all replicas, not doubled by the client's own retries, placed by murmur2 (aiokafka's default).
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)
    sent = 0
    async with producer:
        waiting = []
        for line in filter(str.strip, lines):
            key, value = record(json.loads(line))
            waiting.append(await producer.send(topic, value, key))
            sent += 1
            if len(waiting) == AT_ONCE:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    return sent


def main() -> None:
    """Read the command line and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092", help="Kafka brokers")
    parser.add_argument("--topic", default="app.events", help="with its prefix, where the installation has one")
    arguments = parser.parse_args()
    print(f"{asyncio.run(publish(arguments.bootstrap, arguments.topic, sys.stdin))} events acknowledged")


if __name__ == "__main__":
    main()
