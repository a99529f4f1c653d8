"""What is true of a replay of every log: a log cut short gives the first part of every file, and nothing is its own."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from agents.replay import Replay, run
from agents.replay.folder import STATE, Folder
from schemas.channel import Channel
from schemas.policy import ChannelPolicy, Playbook, Policy
from schemas.warning import Level, Warning
from streams.intake import Event
from tests.laws import health_story
from tests.laws.health_story import COMMON, Happening, logs

LEVELS = (Level.RISK, Level.CRITICAL)
SLOW = Policy.model_copy(
    health_story.POLICY,
    update={
        "channels": {Channel.CALL: ChannelPolicy(cost=3.0, rate_per_second=0.0001)},
        "playbooks": (Playbook(name="ring", levels=LEVELS, channels=(Channel.CALL,), template="t", priority=1),),
    },
)
"""Calls, one in three hours: who is warned of together waits, so that time alone moves the dispatcher."""


def event(number: int, one: Happening) -> Event:
    time = datetime.fromtimestamp(one.at, UTC)
    return Event(one.id or str(number), "laws", one.type, time, one.user, one.product, {"score": 1})


def replayed(log: Sequence[Happening]) -> Mapping[str, bytes]:
    with TemporaryDirectory() as name, Folder(Path(name)) as folder:
        replay = Replay(SLOW, folder, every=timedelta(days=14), everybody=True)
        folder.summary(asyncio.run(replay.run(event(*pair) for pair in enumerate(log))))
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


@COMMON
@given(logs(), st.integers(1, 400))
def test_the_files_of_a_log_cut_short_are_the_first_part_of_the_whole(log: list[Happening], length: int) -> None:
    whole, short = replayed(log), replayed(log[:length])
    for name, content in short.items():
        assert name in ("summary.json", STATE) or whole[name].startswith(content), name


@COMMON
@given(logs())
def test_warnings_are_those_of_the_role_itself(log: list[Happening]) -> None:
    """The clock, the files and the roles that follow change nothing about them, but the policy that stands on them."""
    told = [Warning.decode(line) for line in replayed(log)["warnings.jsonl"].splitlines()]
    direct = health_story.run(log).warnings()
    assert [one.model_copy(update={"policy_hash": ""}) for one in told] == [
        one.model_copy(update={"policy_hash": ""}) for one in direct
    ]


@COMMON
@given(logs(), st.integers(1, 9))
def test_how_often_states_are_packed_changes_nothing(log: list[Happening], settled: int) -> None:
    usual, before = replayed(log), run.SETTLED
    try:
        run.SETTLED = settled  # type: ignore[misc]
        often = replayed(log)
    finally:
        run.SETTLED = before  # type: ignore[misc]
    assert {name: content for name, content in often.items() if name != STATE} == {
        name: content for name, content in usual.items() if name != STATE
    }
