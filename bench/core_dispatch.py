"""How fast the dispatcher's pure core is: warning record in; full trace, decision and message out. No broker, no Redis.

    python -m bench.core_dispatch [--candidates 20000] [--batch 2000] [--rounds 5] [--path sent|held] [--json]

Every candidate is another user with a profile. ``sent``: each passes every stage, and becomes a decision and a
message. ``held``: the breakers are open, each waits on both channels, and is judged once more at the end of the hold.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import process_time
from typing import NamedTuple

import click

from agents.batches.transaction import apply, begin, finish
from schemas import topics
from schemas.base import Message
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.ids import episode_id, warning_id
from schemas.policy import ChannelPolicy, Playbook, Policy
from schemas.profile import Profile
from schemas.warning import Component, Evidence, Level, Stage, Warning
from streams.board import BoardView
from streams.dispatch import open_dispatch
from streams.role import Partition

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
CHANNELS = (Channel.PUSH, Channel.SMS)
ENOUGH = BoardView(True, dict.fromkeys(CHANNELS, 10**9), {})


class Stood(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def policy() -> Policy:
    playbook = Playbook(name="come-back", levels=(Level.RISK,), channels=CHANNELS, template="miss-you")
    channels = {channel: ChannelPolicy(cost=0.01, rate_per_second=1e6) for channel in CHANNELS}
    return Policy(name="bench", channels=channels, playbooks=(playbook,))


def warning(user: str) -> Warning:
    episode = episode_id(user, "shop", date(2026, 2, 1))
    return Warning(
        id=warning_id(episode, Level.RISK),
        level=Level.RISK,
        episode=episode,
        user_id=user,
        product="shop",
        at=T0,
        index=48_700,
        parts=dict(zip(Component, (10_000, 31_300, 10_000, 0, 0), strict=True)),
        threshold=50_000,
        rules=("level",),
        evidence=Evidence(
            last_occasion=date(2026, 2, 1),
            silent_days=29.0,
            usual_gap_days=4.2,
            repeats=12,
            active_days_7=0,
            active_days_28=0,
            events_28=0,
            open_complaints=0,
            reach=0.51,
            horizon_days=28,
        ),
        stage=Stage.AT_RISK,
        clears_when="the user returns",
        snapshot="start",
        warming_up=True,
        policy_hash="0123456789ab",
    )


def stood(messages: Sequence[Message]) -> list[Stood]:
    return [Stood(n, 0, each.key.encode(), each.encode(), each.headers()) for n, each in enumerate(messages)]


def transact(
    partition: Partition, table: dict[bytes, bytes], now: datetime, *batches: tuple[str, Sequence[Stood]]
) -> int:
    """Transactions with enough tokens, until nobody is left to be judged; how many facts they gave."""
    facts, more, due = 0, True, True
    while more:
        begun = begin(partition, {}, batches, now, due=due)
        finished = finish(partition, begun, begun.question and ENOUGH, now, due=due)
        apply(table, finished.settled.writes)
        facts += len(finished.facts)
        more, due, batches = finished.settled.more, False, ()
    return facts


def run(candidates: int, batch: int, path: str) -> dict[str, float]:
    """CPU seconds from the record of a warning to its facts and packed book, a transaction at a time."""
    users = [f"user-{n}" for n in range(candidates)]
    table: dict[bytes, bytes] = {}
    partition = open_dispatch(policy())(0, table, None)
    transact(partition, table, T0, (topics.PROFILES, stood([profile(user) for user in users])))
    if path == "held":
        open_ = [Breaker(channel=each, state=BreakerState.OPEN, round=0, since=T0, cause="bench") for each in CHANNELS]
        partition.hear(topics.BREAKERS, stood(open_), T0)
    records, facts = stood([warning(user) for user in users]), 0
    start = process_time()
    for first in range(0, candidates, batch):
        facts += transact(partition, table, T0, (topics.WARNINGS, records[first : first + batch]))
    seconds = process_time() - start
    again = rejudged(partition, table) if path == "held" else 0.0
    size = sum(map(len, table.values())) / candidates
    return {
        "candidates_s": candidates / seconds,
        "us_each": 1e6 * seconds / candidates,
        "rejudged_s": candidates / again if again else 0.0,
        "facts": facts,
        "bytes_per_user": size,
    }


def profile(user: str) -> Profile:
    return Profile(user_id=user, time=T0, consent=dict.fromkeys(CHANNELS, True), reachable=CHANNELS)


def rejudged(partition: Partition, table: dict[bytes, bytes]) -> float:
    """CPU seconds until everybody who was held has been judged again by ticks."""
    now = T0 + timedelta(minutes=31)
    start = process_time()
    while transact(partition, table, now):
        pass
    return process_time() - start


@click.command()
@click.option("--candidates", default=20_000, show_default=True)
@click.option("--batch", default=2_000, show_default=True, help="records a transaction")
@click.option(
    "--rounds", default=5, show_default=True, help="each figure is the median round; slowest and fastest beside"
)
@click.option("--path", "paths", type=click.Choice(["sent", "held"]), multiple=True, default=("sent", "held"))
@click.option("--json", "as_json", is_flag=True, help="one JSON object as the last line")
def main(candidates: int, batch: int, rounds: int, paths: tuple[str, ...], as_json: bool) -> None:
    """Measure the pure core: candidates per second of CPU time, which a busy machine changes least."""
    results = {}
    for path in paths:
        runs = [run(candidates, batch, path) for _ in range(rounds)]
        results[path] = {name: median(each[name] for each in runs) for name in runs[0]}
        for name, value in results[path].items():
            spread = sorted(each[name] for each in runs)
            print(f"{path:5} {name:15} {value:12,.1f}   {spread[0]:,.1f} .. {spread[-1]:,.1f}", file=sys.stderr)
    if as_json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
