"""Every Python block of docs/integrating.md, run as it stands: only addresses and topics are this test's."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis as Client

from agents.board import keys
from agents.local import Kafka, Redis
from schemas.channel import Channel
from schemas.feedback import FeedbackKind
from schemas.outbound import Outbound
from tests.integration.company import ROOT, Company

pytestmark = pytest.mark.kafka
PAGE = (ROOT / "docs/integrating.md").read_text()
BLOCKS = dict(re.findall(r"```python\n# (.+?)\n(.*?)```", PAGE, re.DOTALL))
NOW = datetime.now(UTC)  # noqa: TID251 - the samples read the machine's clock


@pytest.fixture
def company(kafka: Kafka, topic_prefix: str) -> Company:
    return Company(kafka.bootstrap, topic_prefix)


@pytest.fixture
def run(company: Company, redis_server: Redis) -> Callable[[str], str]:
    """Runs a block to its end; returns what it printed."""

    def block(name: str) -> str:
        text = BLOCKS[name].replace("localhost:9092", company.bootstrap)
        text = re.sub(r'"(app\.events|churn\.outbound|churn\.feedback)"', rf'"{company.prefix}\1"', text)
        text = text.replace("redis://localhost:6379/0", redis_server.url)
        text = text.replace('"messaging-sms"', f'"{company.prefix}messaging-sms"')
        ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return block


def test_every_block_has_its_test() -> None:
    assert len(BLOCKS) == PAGE.count("```python")
    assert set(BLOCKS) == {"produce: the three forms", "produce: librdkafka", "consume: the least", "contact registry"}


def test_three_forms_are_three_events_of_one_user(company: Company, run: Callable[[str], str]) -> None:
    run("produce: the three forms")
    events = company.events()
    assert sorted(event.id for event in events) == ["o-1", "o-2", "o-3"]
    assert {(event.user_id, event.type, event.time) for event in events} == {
        ("u-1001", "order.paid", datetime(2026, 3, 2, 12, 15, 4, tzinfo=UTC))
    }
    assert sorted(event.properties["amount"] for event in events) == [12.5, 59.0, 129.0]


def test_librdkafka_puts_users_where_they_belong(company: Company, run: Callable[[str], str]) -> None:
    """Eight users over three partitions; with its own default some would be refused as wrong_partition."""
    run("produce: librdkafka")
    assert sorted(event.id for event in company.events()) == [f"v-{number}" for number in range(8)]
    assert len({number for number, _record in company.records("app.events")}) > 1


def test_librdkafkas_own_partitioner_is_seen_to_be_another(company: Company, run: Callable[[str], str]) -> None:
    """The check above can fail: the setting is needed."""
    name = "produce: librdkafka"
    BLOCKS["other"] = BLOCKS[name].replace("murmur2_random", "consistent_random")
    try:
        run("other")
    finally:
        del BLOCKS["other"]
    with pytest.raises(AssertionError, match="wrong_partition"):
        company.events()


def test_the_least_consumer_sends_what_was_committed(company: Company, run: Callable[[str], str]) -> None:
    def message(name: str) -> Outbound:
        return Outbound(
            id=name, recall="r", episode="e", stage="at_risk", warning="w", user_id="u-1001", product="default",
            channel=Channel.SMS, playbook="p", template="t", cost=0.05, priority=3, at=NOW,
            expires=NOW + timedelta(hours=1), policy_hash="h",
        )  # fmt: skip

    company.publish([message("never")], abort=True)
    company.publish([message("once")])
    assert run("consume: the least") == "to the provider, under the key once\n"
    assert [(each.message, each.kind) for each in company.feedback()] == [("once", FeedbackKind.ACCEPTED)]


def test_a_contact_by_another_sender_is_read_as_one(redis_server: Redis, run: Callable[[str], str]) -> None:
    run("contact registry")
    with Client.from_url(redis_server.url) as client:
        value = client.get(keys.contact("u-1001"))
        assert isinstance(value, bytes)
        at = keys.contact_time(value)
        assert at is not None
        assert abs(at - NOW) < timedelta(minutes=10)
        assert 0 < int(str(client.ttl(keys.contact("u-1001")))) <= 86_400
