"""What no reader expects, on real Kafka: one letter each, the partition goes on, and the tools say what is what."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.structs import TopicPartition as KafkaPartition
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.batches.batch import TopicPartition
from agents.batches.reader import reading
from agents.connection import kafka_options
from agents.demo.worker import Worker
from agents.local import Kafka, Redis
from agents.local.ports import free_row
from agents.settings import RoleName, Settings, load_settings
from agents.standing import ledger_of
from schemas.reject import CUT, RejectReason, dead_letter_headers, refusal_of

pytestmark = pytest.mark.kafka
SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
ZEROS = 5 * 1_048_576
WAIT_SECONDS = 60.0
EVENTS, LETTERS, FEEDBACK = "app.events", "app.events-dlt", "churn.feedback"


class Odd(str):
    """A header's name as a program writes it that does not know UTF-8."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff" + super().encode()


class Installation:
    """Topics of one partition, a worker with the health role alone, and the command line."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        self.settings, self._worker = settings, worker

    def churn(self, *words: str, charset: str = "utf-8", code: int = 0) -> Result:
        result = CliRunner(charset=charset).invoke(main, list(words))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, Any]] = ()
    ) -> None:
        """One record, compressed, in a batch of its own; a header's name may be odd."""

        async def send() -> None:
            options = {**kafka_options(self.settings), "compression_type": "gzip", "max_request_size": 2 * ZEROS}
            async with AIOKafkaProducer(**options) as producer:
                batch = producer.create_batch()
                batch._builder = _DefaultRecordBatchBuilderPy(2, 1, 0, -1, -1, 0, 2 * ZEROS)
                batch.append(key=key, value=value, timestamp=int(AT.timestamp() * 1000), headers=headers)
                await (await producer.send_batch(batch, self.settings.topic(topic), partition=0))

        asyncio.run(send())

    def read(self, topic: str) -> list[Any]:
        async def look() -> list[Any]:
            tp = TopicPartition(self.settings.topic(topic), 0)
            async with reading(kafka_options(self.settings)) as reader:
                return [r async for records, _ in reader.read(tp, *await reader.range_of(tp)) for r in records]

        return asyncio.run(look())

    def forget(self, topic: str, before: int) -> None:
        """As retention does."""

        async def delete() -> None:
            admin = AIOKafkaAdminClient(**kafka_options(self.settings))
            await admin.start()
            try:
                await admin.delete_records({KafkaPartition(self.settings.topic(topic), 0): RecordsToDelete(before)})
            finally:
                await admin.close()

        asyncio.run(delete())

    def absorbed(self) -> bool:
        """Whether every event that stands there now has been taken."""

        async def look() -> bool:
            async with reading(kafka_options(self.settings)) as reader:
                at = (await ledger_of(self.settings, reader, RoleName.HEALTH, 0)).positions
                end = await reader.end_of(TopicPartition(self.settings.topic(EVENTS), 0))
                return at.get(EVENTS) == end

        return asyncio.run(look())

    def eventually(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self._worker.log[-5_000:]}"
            time.sleep(0.1)


@pytest.fixture
def here(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Installation]:
    given = {
        "BOOTSTRAP_SERVERS": kafka.bootstrap, "REDIS_URL": redis_server.url, "TOPIC_PREFIX": topic_prefix,
        "PARTITIONS": "1", "POLICY_PATH": str(SHOP), "WEB_PORT": str(free_row(3)), "ROLES": "health",
        "DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    assert CliRunner().invoke(main, ["topics", "create", "--simulated-time"]).exit_code == 0
    with Worker(load_settings()) as worker:
        worker.launch()
        yield Installation(load_settings(), worker)


def visit(user: str) -> bytes:
    said = {"id": f"{user}-1", "source": "shop", "type": "app.opened", "time": AT.isoformat(), "user_id": user}
    return json.dumps(said).encode()


def test_a_record_that_its_letter_cannot_hold_is_one_letter_and_the_partition_goes_on(here: Installation) -> None:
    """R3: 5 MB of zeros, gzipped, and a header's name that is no UTF-8; both stopped the partition for good."""
    here.write(EVENTS, b"u1", bytes(ZEROS), [("a", b"b")])
    here.write(EVENTS, b"u2", b"{", [(Odd("x"), b"y"), ("none", None)])
    here.write(EVENTS, b"u3", visit("u3"))
    here.eventually(here.absorbed, "the records")
    zeros, odd = here.read(LETTERS)
    assert len(zeros.value) + len(zeros.key) + sum(len(n) + len(v) for n, v in zeros.headers) <= 256_000
    assert (zeros.key, dict(zeros.headers)["a"], dict(zeros.headers)[CUT]) == (b"u1", b"b", b"value=%d" % ZEROS)
    assert (odd.key, odd.value, odd.headers[:2]) == (b"u2", b"{", [("\\xffx", b"y"), ("none", None)])
    assert [refusal_of(each.headers)[0] for each in (zeros, odd)] == ["too_large", "not_json"]  # type: ignore[index]

    said = here.churn("dlt", "show", "0:0").output
    assert f"cut          value={ZEROS}: dlt show --original 0:0 reads the whole record" in said
    assert here.churn("dlt", "show", "0:0", "--original", "--raw").stdout_bytes == bytes(ZEROS)
    whole = here.churn("dlt", "show", "0:0", "--original").output
    assert f"value        {ZEROS} bytes" in whole
    assert "header       churn-dlt" not in whole
    again = here.churn("dlt", "requeue", "--all").output
    assert "left     0:0 was cut (value=5242880); let the app send the record again" in again
    assert again.splitlines()[-1] == "1 sent again, 1 left"

    here.forget(EVENTS, 1)
    gone = here.churn("dlt", "show", "0:0", "--original", code=1).output
    assert "app.events[0]@0: retention removed the record; the partition now begins at 1" in gone


def forged(**place: Any) -> tuple[tuple[str, bytes], ...]:
    given = {"topic": EVENTS, "partition": 0, "offset": 0, "timestamp": 0} | place
    return dead_letter_headers((), reason=RejectReason.NOT_JSON, detail="👍 \x1b[2J", **given)


def test_no_letter_stops_the_tools_also_on_a_terminal_of_few_characters(here: Installation) -> None:
    """Whoever wrote it; a letter that cannot be sent again is left, with its reason, and the others are sent."""
    odd = [
        forged(timestamp=10**30), forged(timestamp=-(10**30)), forged(partition=99), forged(partition=-1),
        forged(topic="\x1b[2J"), forged(topic=""), (*forged(topic=FEEDBACK), ("churn-obeyed", b"complained")),
        (*forged(), ("none", None), ("👍", b"\xff")), (("churn-dlt-reason", b"x"),),
    ]  # fmt: skip
    for headers in odd:
        here.write(LETTERS, None, "👍\ud800".encode(errors="surrogatepass"), headers)
    for words in (
        ("list",),
        ("list", "--json"),
        *(("show", f"0:{n}", *more) for n in range(8) for more in ((), ("--json",))),
    ):
        shown = here.churn("dlt", *words, charset="gbk").output
        assert "\x1b" not in shown
    for place, why in ((2, "no such partition"), (3, "no such partition"), (4, "no such topic"), (5, "no such topic")):
        assert why in here.churn("dlt", "show", f"0:{place}", "--original", code=1).output
    sent = here.churn("dlt", "requeue", "--all", charset="gbk").output
    assert sent.splitlines()[-1] == "3 sent again, 5 left"
    assert "was obeyed in part (complained)" in sent
    assert len(here.read(EVENTS)) == 3


def test_a_letter_that_kafka_does_not_take_back_is_left_and_the_others_are_sent(here: Installation) -> None:
    """No key and no value, or an earlier version's letter that its topic does not take: each ended the command."""
    for key, value in ((b"u1", b"{"), (None, None), (b"u2", bytes(1_500_000)), (b"u3", b"{")):
        here.write(LETTERS, key, value, forged())
    for since in ("1960-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
        assert len(here.churn("dlt", "list", "--since", since).output.splitlines()) == 4, "all are younger"
    sent = here.churn("dlt", "requeue", "--all").output
    assert "left     0:1 has neither key nor value" in sent
    assert "left     0:2 is larger than its topic takes; let the app send the record again, smaller" in sent
    assert sent.splitlines()[-1] == "2 sent again, 2 left"
    assert [record.key for record in here.read(EVENTS)] == [b"u1", b"u3"]
