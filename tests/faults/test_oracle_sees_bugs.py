"""A campaign that cannot turn red proves nothing: with each planted bug it does, and without one it does not.

These campaigns are short: a day passes in a second, and a few hundred people are enough. A day in less would leave a
worker on a busy machine no time to answer a warning before it expires.
"""

import ast
import asyncio
from pathlib import Path

import pytest

from agents.local import Kafka, Redis
from tests.faults.campaign import Campaign, Plan
from tests.faults.findings import Findings
from tests.faults.oracle import Oracle
from tests.faults.planted import TORN

HERE = Path(__file__).parent
SHORT = {"people": 600, "speed": 80_000, "events": 5_000, "partitions": 2, "pauses": (0.5, 1.5), "session_seconds": 4}
SHORT["patience"] = 20.0  # a test measures no time: what is heard late belongs to `make faults`
BUGGY = {**SHORT, "settle_seconds": 8.0}

pytestmark = pytest.mark.kafka


LETTERS = "app.events-dlt"
OUTPUTS = {
    "churn.warnings": "warning",
    "churn.stages": "stage",
    "churn.decisions": "decision about",
    "churn.outbound": "message",
    "churn.counts": "report",
    LETTERS: "dead letter",
    "churn.population": "sums of",
}


def fought(kafka: Kafka, redis: Redis, folder: Path, **plan: object) -> tuple[Findings, Oracle]:
    """What a short campaign finds; a prefix of its own keeps it apart from others on the same broker.

    Whom others have written to stands on the board, whatever the prefix: it is emptied first.
    """
    redis.start_again(keep_data=False)
    campaign = Campaign(Plan(**plan), kafka, redis, folder, print)  # type: ignore[arg-type]
    result = asyncio.run(campaign.run())
    assert result.events >= 3_000
    assert result.sizes["expected_warnings"] >= 50
    return result.findings, campaign.oracle


def found(kafka: Kafka, redis: Redis, folder: Path, **plan: object) -> Findings:
    """The findings alone."""
    return fought(kafka, redis, folder, **plan)[0]


def test_a_sound_worker_is_found_sound(kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path) -> None:
    """Killed at a point, killed whole, without Redis, on unruly deliveries, failing at some ids: nothing is found.

    Nor is that for want of looking: a record less or more on any output topic is seen.
    """
    kinds = ("odd_records", "killed_at_point", "worker_killed", "redis_emptied")
    bugs = ("unruly_deliveries", "fails_at_some_ids")
    plan = {**SHORT, "prefix": topic_prefix, "faults": len(kinds), "kinds": kinds, "bugs": bugs}
    findings, oracle = fought(kafka, redis_server, tmp_path, **plan)
    assert findings == Findings()
    assert oracle.judge()[1]["ordered"]
    assert any(("churn-dlt-reason", b"unprocessable") in letter.headers for letter in oracle.book.read(LETTERS))
    first = {topic: oracle.book.read(topic)[0] for topic in OUTPUTS}
    for topic in OUTPUTS:
        records = oracle.book.read(topic)
        records.append(records[0])
        assert topic not in unseen(oracle.judge()[0].doubled)
        del records[0], records[-1]
        assert topic not in unseen(oracle.judge()[0].lost)
        records.insert(0, first[topic])


def unseen(findings: list[str]) -> set[str]:
    """The output topics about which nothing was found."""
    return {topic for topic, name in OUTPUTS.items() if not any(f.startswith((name, topic)) for f in findings)}


def test_a_skipped_batch_is_seen(kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path) -> None:
    """Batches that are counted as absorbed and were not: something is lost."""
    plan = {**BUGGY, "prefix": topic_prefix, "faults": 0, "workers": 1, "bugs": ("skips_a_batch",)}
    assert found(kafka, redis_server, tmp_path, **plan).lost


def test_state_outside_the_transaction_is_seen(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path
) -> None:
    """Killed between the outputs' transaction and the state's: the outputs come twice."""
    plan = {**BUGGY, "prefix": topic_prefix, "faults": 2, "workers": 1, "bugs": ("state_outside_the_transaction",)}
    plan |= {"kinds": ("killed_at_point",), "points": (TORN,)}
    assert found(kafka, redis_server, tmp_path, **plan).doubled


def test_trusting_every_batch_is_seen(kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path) -> None:
    """The deliveries that a sound worker heals, taken as they come: something is lost."""
    plan = {**BUGGY, "prefix": topic_prefix, "faults": 0, "workers": 1, "bugs": ("trusts_every_batch",)}
    assert not found(kafka, redis_server, tmp_path, **plan).clean


def test_sums_that_a_restart_forgets_are_seen(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path
) -> None:
    """Killed in the middle of a day: those who came back before are missing in what is told of it.

    Only what dies while traffic goes on afterwards counts: the day of the last kill may never be over.
    """
    plan = {**BUGGY, "prefix": topic_prefix, "faults": 3, "workers": 1, "bugs": ("forgets_open_sums",)}
    lost = found(kafka, redis_server, tmp_path, **plan, kinds=("role_killed",), roles=("health",)).lost
    assert any(line.startswith("sums of") for line in lost)


def test_bugs_of_three_promises_in_one_worker_are_seen_apart(
    kafka: Kafka, redis_server: Redis, topic_prefix: str, tmp_path: Path
) -> None:
    """Two partitions learn differently of one day; what all users share is spent by each partition as if it were alone;
    messages go out to people whom operators have suppressed or silenced, and of playbooks that they have paused.
    """
    bugs = ("learns_without_waiting", "spends_without_lease", "ignores_orders")
    plan = {**BUGGY, "prefix": topic_prefix, "faults": 0, "workers": 1, "bugs": bugs}
    findings = found(kafka, redis_server, tmp_path, **plan)
    assert any(line.startswith("lesson of") for line in findings.wrong)
    assert any("was sent, though it is" in line for line in findings.wrong)
    assert findings.overspent


def imports(path: Path) -> set[str]:
    """The modules that a file names in its imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_oracle_imports_nothing_of_what_it_judges() -> None:
    """Neither directly nor through the modules of the tests that it imports."""
    waiting, seen = {"tests.faults.oracle"}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        named = imports(HERE.parents[1] / f"{name.replace('.', '/')}.py")
        assert not {each for each in named if each.split(".")[0] in ("streams", "agents", ".")}, name
        waiting |= {each for each in named if each.startswith("tests.")} - seen
    assert "tests.laws.reference" in seen
