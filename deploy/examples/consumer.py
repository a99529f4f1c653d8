"""A reference messaging system: sends what stands on churn.outbound, each message once, and reports what became of it.

    python consumer.py --channel sms --provider http://gateway.internal/send

It needs aiokafka and redis and nothing of churn-alerts: take it as it is, or as a pattern in your own language.

What makes "once" (docs/adr/0012): the message's id is claimed in Redis before it is sent, by one atomic SET NX. A claim
goes from ``sending`` to what the provider said. One that is found at ``sending`` is in doubt: whoever made it died
between claim and answer, so nobody knows whether the provider got it. Then ``--provider-keeps-keys`` decides: a
provider that drops a second request with the same Idempotency-Key is asked again (nothing lost, nothing twice); any
other is not, since a lost advertisement is better than one that comes twice.
"""

import argparse
import asyncio
import json
import logging
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError, IllegalStateError
from redis.asyncio import Redis

log = logging.getLogger("consumer")

KEEP = timedelta(days=14)
"""A claim outlives every chance that its message is read again: the topic's retention, and a backup put back."""
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds between tries while the provider is away."""
PROVIDER_SECONDS = 10.0


class State(StrEnum):
    """What stands under a claim; all but the first two are what was reported, too (churn.feedback's kinds)."""

    SENDING = "sending"
    DOUBTFUL = "doubtful"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


class Unclear(Exception):
    """The provider gave no answer: it may have the message, or not."""


@dataclass(frozen=True)
class Provider:
    """The HTTP gateway that a message is handed to.

    2xx accepts it, or says in ``{"status": ...}`` that it is ``delivered`` or has ``failed``; 429 and 5xx mean that it
    was not taken and is to be tried again; any other answer is final.
    """

    url: str
    keeps_keys: bool

    async def send(self, message: Mapping[str, Any]) -> State | None:
        """What the provider says, or None: not now. Raises :class:`Unclear`."""
        return await asyncio.to_thread(self._send, message)

    def _send(self, message: Mapping[str, Any]) -> State | None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message["id"]}
        request = Request(self.url, json.dumps(message).encode(), headers)
        try:
            with urlopen(request, timeout=PROVIDER_SECONDS) as answer:
                said = json.loads(answer.read() or b"{}")
                return State(said.get("status", State.ACCEPTED))
        except HTTPError as error:
            return None if error.code == 429 or error.code >= 500 else State.FAILED
        except (OSError, HTTPException) as error:
            if isinstance(error, URLError) and isinstance(error.reason, ConnectionRefusedError):
                return None  # nobody was there to take it
            raise Unclear(repr(error)) from error


class Messenger:
    """Takes outbound messages one after another."""

    def __init__(self, redis: "Redis", provider: Provider, producer: AIOKafkaProducer, feedback_topic: str) -> None:
        self._redis, self._provider, self._producer, self._topic = redis, provider, producer, feedback_topic

    async def take(self, message: Mapping[str, Any]) -> None:
        """The message was sent once, by this call or an earlier one, and reported; or it may not be sent any more.

        Nothing is reported of an expired or doubtful message: a report of failure would make churn-alerts use the next
        channel, and the user might get two.
        """
        state = await self._state_of(message)
        if state in (State.SENDING, State.DOUBTFUL):
            log.warning("message %s is in doubt after a crash: not sent again, nothing reported", message["id"])
        elif state is not None:
            await self._report(message, state)

    async def _state_of(self, message: Mapping[str, Any]) -> State | None:
        """What became of it, by whoever claimed it first; None where it expired before anybody sent it."""
        name = f"messaging:{{{message['id']}}}"
        expires = datetime.fromisoformat(message["expires"])
        ours = await self._redis.set(name, State.SENDING, nx=True, ex=KEEP + max(expires - _now(), timedelta()))
        if not ours:
            state = State((await self._redis.get(name) or State.SENDING.encode()).decode())
            if state is not State.SENDING or not self._provider.keeps_keys:
                return state
        state = await self._sent(message, expires)
        if state is None:
            await self._redis.delete(name)  # never handed over: the claim says nothing
        else:
            await self._redis.set(name, state, keepttl=True)
        return state

    async def _sent(self, message: Mapping[str, Any], expires: datetime) -> State | None:
        """Hand it over, again and again while the provider is away, but never after it has expired."""
        tries = 0
        while _now() < expires:
            try:
                state = await self._provider.send(message)
            except Unclear as doubt:
                if not self._provider.keeps_keys:
                    log.warning("message %s: %s; not tried again, for the provider may have it", message["id"], doubt)
                    return State.DOUBTFUL
                state = None
            if state is not None:
                return state
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
        log.info("message %s has expired and is not sent", message["id"])
        return None

    async def _report(self, message: Mapping[str, Any], kind: State) -> None:
        """Kafka has the report; its id hangs on the message and the kind alone, so a repeated one counts once."""
        report = {
            "id": f"{message['id']}-{kind}",
            "message": message["id"],
            "user_id": message["user_id"],
            "channel": message["channel"],
            "kind": kind,
            "time": _now().isoformat(),
        }
        await self._producer.send_and_wait(self._topic, json.dumps(report).encode(), message["user_id"].encode())


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a program of its own


async def run(arguments: argparse.Namespace) -> None:
    """Take messages until SIGTERM; what is under way is finished first."""
    where, prefix = arguments.bootstrap, arguments.prefix
    consumer = AIOKafkaConsumer(
        f"{prefix}churn.outbound",
        bootstrap_servers=where,
        group_id=f"{prefix}messaging-{arguments.channel}",
        isolation_level="read_committed",  # else messages are sent that were never meant to be
        enable_auto_commit=False,  # a position is committed after the message was taken, never before
        auto_offset_reset="earliest",
        max_poll_interval_ms=30 * 60_000,  # a provider may be away for long
        session_timeout_ms=arguments.session_seconds * 1_000,
        heartbeat_interval_ms=arguments.session_seconds * 1_000 // 4,
    )
    # Acknowledged by all replicas, not doubled by the client's own retries, placed by murmur2 (aiokafka's default).
    producer = AIOKafkaProducer(bootstrap_servers=where, acks="all", enable_idempotence=True)
    provider = Provider(arguments.provider, arguments.provider_keeps_keys)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with Redis.from_url(arguments.redis) as redis, producer, consumer:
        messenger = Messenger(redis, provider, producer, f"{prefix}churn.feedback")
        while not stopping.is_set():
            try:
                await _take_some(messenger, consumer, arguments.channel)
            except (CommitFailedError, IllegalStateError):
                log.info("the group has given a partition to somebody else, who goes on there")


async def _take_some(messenger: Messenger, consumer: AIOKafkaConsumer, channel: str) -> None:
    """What one fetch brings is taken; a position is committed after each message of ours, and after the last of all."""
    for tp, records in (await consumer.getmany(timeout_ms=500, max_records=100)).items():
        for record in records:
            message = json.loads(record.value)
            ours = message["channel"] == channel
            if ours:
                await messenger.take(message)
            if ours or record is records[-1]:
                await consumer.commit({tp: record.offset + 1})


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092", help="Kafka brokers")
    parser.add_argument("--redis", default="redis://localhost:6379/1", help="for the claims: persistent, noeviction")
    parser.add_argument("--prefix", default="", help="before topic names, as CHURN_TOPIC_PREFIX")
    parser.add_argument("--channel", required=True, help="the channel that this one sends on")
    parser.add_argument("--provider", required=True, help="URL that a message is posted to as JSON")
    parser.add_argument(
        "--provider-keeps-keys", action="store_true", help="it drops a second request with the same Idempotency-Key"
    )
    parser.add_argument("--session-seconds", type=int, default=30, help="silence after which others take over")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
