"""The golden story: recorded input for all roles, and the changelogs that a program left in the middle of it."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from agents.batches import ledger
from agents.driver import Driver
from agents.driver.owner import Owner
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from schemas.policy.load import parse_policy
from streams.partitioner import Placement

FOLDER = Path(__file__).parent
STORY, CHANGELOGS = FOLDER / "story.jsonl.gz", FOLDER / "changelogs"
POLICY = parse_policy((FOLDER / "policy.toml").read_text(), "policy.toml")
PLACED = Placement(2)
CUT = datetime(2026, 2, 6, 7, tzinfo=UTC)
"""The old program has done all there was to do before this moment; the next goes on with it."""

Changelog = dict[tuple[str, int], dict[bytes, bytes]]
"""The committed records of each partition of each role, the checkpoint among them."""


class Sent(NamedTuple):
    """A record that somebody else writes."""

    topic: str
    key: bytes
    value: bytes | None
    at: datetime


class Moment(NamedTuple):
    """Processing time, and what is sent at it."""

    at: datetime
    sends: tuple[Sent, ...]


def fresh() -> Driver:
    """All roles, and nothing has happened."""
    roles = [health(POLICY, placement=PLACED), dispatcher(POLICY, PLACED), governor(POLICY)]
    return Driver(POLICY, roles, PLACED.partitions)


def told(moments: Iterable[Moment], at_cut: Callable[[Driver], None]) -> Driver:
    """The driver after these moments; ``at_cut`` is called between the last moment before the cut and the next."""
    driver, coming = fresh(), True
    for moment in moments:
        if coming and moment.at >= CUT:
            coming = False
            at_cut(driver)
        play(driver, moment)
    return driver


def play(driver: Driver, moment: Moment) -> None:
    """Everything that follows from a moment is on the topics."""
    for sent in moment.sends:
        driver.send(sent.topic, sent.key, sent.value, milliseconds(sent.at))
    turns = driver.settle(moment.at)
    try:
        turns.send(None)  # nothing in it waits for the world: the board is in memory
    except StopIteration:
        return
    raise AssertionError("the driver waits for something")


def left_by(driver: Driver) -> Changelog:
    """What the program leaves on its changelogs."""
    return {(owner.spec.name, owner.number): dict(owner._table) | _checkpoint(owner) for owner in driver._owners}


def taken_over(driver: Driver, changelog: Mapping[tuple[str, int], Mapping[bytes, bytes]]) -> None:
    """Every partition is opened anew from these records; positions are the driver's."""
    for owner in driver._owners:
        records = dict(changelog[owner.spec.name, owner.number])
        owner._memo = ledger.unpack(records.pop(ledger.KEY)).memo
        owner._table = records
        owner.close()


def _checkpoint(owner: Owner) -> dict[bytes, bytes]:
    ends = {topic: owner._positions[topic] for topic in owner.spec.topics}
    cursors = {topic: owner._positions[topic] for topic in owner.spec.broadcasts}
    return {ledger.KEY: ledger.pack(ledger.Ledger(1, milliseconds(CUT), ends, cursors, owner._memo))}


def write_story(moments: Iterable[Moment]) -> None:
    """The story is in its file."""
    rows = ([milliseconds(at), [_row(sent) for sent in sends]] for at, sends in moments)
    _write(STORY, (json.dumps(row) for row in rows))


def read_story() -> list[Moment]:
    """The recorded story."""
    rows = map(json.loads, gzip.decompress(STORY.read_bytes()).splitlines())
    return [Moment(_time(at), tuple(_sent(*row) for row in sends)) for at, sends in rows]


def write_changelog(version: int, changelog: Changelog) -> None:
    """The changelogs of a version are in one file, a record a line."""
    rows = (
        json.dumps([role, number, key.hex(), value.hex()])
        for (role, number), records in sorted(changelog.items())
        for key, value in sorted(records.items())
    )
    _write(CHANGELOGS / f"{version}.jsonl.gz", rows)


def read_changelog(version: int) -> Changelog:
    """The changelogs that a program of a version left."""
    changelog: Changelog = {}
    for row in gzip.decompress((CHANGELOGS / f"{version}.jsonl.gz").read_bytes()).splitlines():
        role, number, key, value = json.loads(row)
        changelog.setdefault((role, number), {})[bytes.fromhex(key)] = bytes.fromhex(value)
    return changelog


def milliseconds(at: datetime) -> int:
    """A moment as records have it."""
    return int(at.timestamp() * 1000)


def _time(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def _row(sent: Sent) -> list[object]:
    value = None if sent.value is None else sent.value.decode()
    return [sent.topic, sent.key.decode(), value, milliseconds(sent.at)]


def _sent(topic: str, key: str, value: str | None, at: int) -> Sent:
    return Sent(topic, key.encode(), None if value is None else value.encode(), _time(at))


def _write(path: Path, rows: Iterable[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("".join(f"{row}\n" for row in rows).encode(), mtime=0))
