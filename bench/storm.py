"""A storm of complaints, with the breaker and without: real dispatchers and governor, on a clock in hand, no broker.

    make storm

Sixty users a minute are to be written to for two hours, by push or else by mail. For half an hour the push messages
are bad: every fiftieth is complained of, two minutes after it was sent. Who complains hangs on the message's id alone,
so the numbers are the same on every run. Without the breaker means that an operator has forced it closed.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

from agents.driver import Driver
from agents.driver.owner import milliseconds
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from schemas import topics
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.control import Control, ControlKind, Forced
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import episode_id, warning_id
from schemas.outbound import Outbound
from schemas.policy import ChannelPolicy, Playbook, Policy
from schemas.profile import Profile
from schemas.warning import Component, Level, Stage, Warning
from streams.partitioner import Placement

START: Final = datetime(2026, 3, 2, 10, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
TURN: Final = timedelta(seconds=10)
LENGTH, A_TURN, BAD_ONE_IN = 120, 10, 50
STORM: Final = (START + 30 * MINUTE, START + 60 * MINUTE)
COMPLAINS_AFTER: Final = 2 * MINUTE
CHANNELS: Final = (Channel.PUSH, Channel.EMAIL)
POLICY: Final = Policy(
    name="storm",
    channels={channel: ChannelPolicy(cost=0, rate_per_second=1_000) for channel in CHANNELS},
    playbooks=(Playbook(name="come-back", levels=(Level.RISK,), channels=CHANNELS, template="miss-you"),),
)


class Weathered(NamedTuple):
    """What came of it: messages by channel, complaints, and every move of the push channel's breaker."""

    sent: dict[Channel, int]
    complaints: int
    moves: list[Breaker]

    def minutes(self, state: BreakerState) -> str:
        """When the breaker first came into a state, in minutes from the beginning."""
        at = next((move.since for move in self.moves if move.state is state and move.since > START), None)
        return "never" if at is None else f"{(at - START) / MINUTE:.1f}"


def weather(breaker: bool) -> Weathered:
    """Two hours, with the breaker at work or forced closed."""
    return asyncio.run(_weather(breaker))


async def _weather(breaker: bool) -> Weathered:
    driver = Driver(POLICY, [dispatcher(POLICY, Placement(4)), governor(POLICY)], partitions=4)
    if not breaker:
        word = Control(
            kind=ControlKind.BREAKER, target=Channel.PUSH, value=Forced.CLOSED, who="bench", why="without", at=START
        )
        driver.send(topics.CONTROL, word.key.encode(), word.encode(), milliseconds(START))
    reports: list[Feedback] = []
    seen = 0
    for turn in range(int(LENGTH * MINUTE / TURN)):
        now = START + turn * TURN
        for user in (f"u-{turn}-{number}" for number in range(A_TURN)):
            for message in _drifts_away(user, now):
                driver.send(message.TOPIC, message.key.encode(), message.encode(), milliseconds(now))
        while reports and reports[0].time <= now:
            told = reports.pop(0)
            driver.send(told.TOPIC, told.key.encode(), told.encode(), milliseconds(now))
        await driver.settle(now)
        sent = driver.read(topics.OUTBOUND)
        reports += _complaints(Outbound.decode(each.value or b"") for each in sent[seen:])
        seen = len(sent)
    messages = driver.messages(Outbound)
    counted = {channel: sum(each.channel is channel for each in messages) for channel in CHANNELS}
    moves = [each for each in driver.messages(Breaker) if each.channel is Channel.PUSH]
    return Weathered(counted, len(driver.read(topics.FEEDBACK)) + len(reports), moves)


def _drifts_away(user: str, now: datetime) -> Iterator[Profile | Warning]:
    """A user who agrees to both channels, and the warning of him."""
    yield Profile(user_id=user, time=now, consent=dict.fromkeys(CHANNELS, True), reachable=CHANNELS)
    episode = episode_id(user, "default", now.date())
    yield Warning(
        id=warning_id(episode, Level.RISK),
        level=Level.RISK,
        episode=episode,
        user_id=user,
        product="default",
        at=now,
        index=40_000,
        parts={Component.SILENCE: 60_000},
        threshold=50_000,
        rules=("level",),
        stage=Stage.AT_RISK,
        clears_when="the user returns",
        snapshot="start",
        warming_up=True,
        policy_hash=POLICY.hash,
    )


def _complaints(messages: Iterator[Outbound]) -> list[Feedback]:
    return [
        Feedback(
            id=f"{message.id}-complained",
            message=message.id,
            user_id=message.user_id,
            channel=message.channel,
            kind=FeedbackKind.COMPLAINED,
            time=message.at + COMPLAINS_AFTER,
        )
        for message in messages
        if message.channel is Channel.PUSH and STORM[0] <= message.at < STORM[1] and _is_bad(message.id)
    ]


def _is_bad(message: str) -> bool:
    return int.from_bytes(blake2b(message.encode(), digest_size=4).digest(), "big") % BAD_ONE_IN == 0


def table() -> str:
    """The numbers, as they stand in docs/breaker.md."""
    without, with_ = _column(weather(breaker=False)), _column(weather(breaker=True))
    rows = [f"| {name} | {without[name]} | {with_[name]} |" for name in with_]
    return "\n".join(["| | without the breaker | with it |", "|---|---|---|", *rows])


def _column(weathered: Weathered) -> dict[str, str]:
    return {
        "push messages": f"{weathered.sent[Channel.PUSH]:,}",
        "mails instead": f"{weathered.sent[Channel.EMAIL]:,}",
        "complaints": str(weathered.complaints),
        "degraded in minute": weathered.minutes(BreakerState.DEGRADED),
        "open in minute": weathered.minutes(BreakerState.OPEN),
        "half-open in minute": weathered.minutes(BreakerState.HALF_OPEN),
        "closed again in minute": weathered.minutes(BreakerState.CLOSED),
    }


if __name__ == "__main__":
    print(table())
