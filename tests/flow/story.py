"""The words in which flow stories are told: what happens when, and what is then heard on the topics.

A story is said first and told after, in the order of its times; saying order does not matter::

    story = Story(SHOP)
    story.profile("ann", day(0), consent=[PUSH])
    story.lives("ann", range(20))                # a visit every day at 10:00, then silence
    story.lives("bob", range(60))                # somebody else moves time on
    heard = await story.told()
    [risk, critical] = heard.warnings("ann")

One clock is event time, record time and processing time. Between moments everybody ticks once an hour. Every story is
told three times: as it is, with all partitions thrown away after every turn, and with transactions of one record; what
stands on the topics must be the same.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from agents.board import Board, MemoryBoard
from agents.driver import Driver, Stored
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from schemas import topics
from schemas.breaker import Breaker, Lease
from schemas.channel import Channel
from schemas.decision import Decision
from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound
from schemas.policy import Policy
from schemas.policy.load import parse_policy
from schemas.profile import Profile
from schemas.warning import Level, Warning

ROOT = Path(__file__).parents[2]
SHOP = parse_policy((ROOT / "deploy/policies/shop.toml").read_text(), "shop.toml")
START = datetime(2026, 1, 4, 16, tzinfo=UTC)  # Monday 00:00 in Shanghai, where the shop's days begin
HOUR = timedelta(hours=1)
VISIT, PURCHASE, COMPLAINT = "app.opened", "order.paid", "ticket.opened"
PUSH, WECHAT, SMS, EMAIL = Channel.PUSH, Channel.WECHAT, Channel.SMS, Channel.EMAIL
Headers = tuple[tuple[str, bytes], ...]
COMPARED = (topics.WARNINGS, topics.DECISIONS, topics.OUTBOUND, topics.DEAD_LETTERS, topics.BREAKERS)


def day(number: float, hour: float = 10) -> datetime:
    """The hour of a day of the story in the shop's own time; days count from 0."""
    return START + timedelta(days=number, hours=hour)


def but(policy: Policy, **sections: dict[str, Any]) -> Policy:
    """The policy with some values of its sections changed."""
    changed = {name: getattr(policy, name).model_copy(update=values) for name, values in sections.items()}
    return policy.model_copy(update=changed)


class Heard:
    """What stands on the topics when a story has been told."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def warnings(self, user: str) -> list[Warning]:
        return [each for each in self.driver.messages(Warning) if each.user_id == user]

    def decisions(self, user: str) -> list[Decision]:
        return [each for each in self.driver.messages(Decision) if each.user_id == user]

    def outbound(self, user: str | None = None) -> list[Outbound]:
        return [each for each in self.driver.messages(Outbound) if user in (None, each.user_id)]

    def breakers(self, channel: Channel) -> list[Breaker]:
        return [each for each in self.driver.messages(Breaker) if each.channel is channel]

    @property
    def leases(self) -> list[Lease]:
        return self.driver.messages(Lease)

    @property
    def dead_letters(self) -> list[Stored]:
        return self.driver.read(topics.DEAD_LETTERS)


class Story:
    """Things that happen, each at its time; :meth:`told` plays them."""

    def __init__(
        self, policy: Policy = SHOP, tick: timedelta = HOUR, board: Callable[[Policy], Board] = MemoryBoard
    ) -> None:
        self.policy, self.tick, self._board = policy, tick, board
        self._moments: list[tuple[datetime, Callable[[Driver], object]]] = []
        self._numbers = count()

    def does(self, at: datetime, what: Callable[[Driver], object]) -> None:
        """Something happens that no other word says."""
        self._moments.append((at, what))

    def waits(self, until: datetime) -> None:
        """Nothing happens until then but ticks."""
        self.does(until, lambda driver: None)

    def record(self, at: datetime, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """An app writes these bytes to the event topic."""
        self.does(at, lambda driver: driver.send(topics.EVENTS, key, value, _ms(at), headers))

    def event(self, user: str, at: datetime, type: str = VISIT, product: str = "default", **properties: Any) -> None:
        """A user does something."""
        body = {
            "id": f"{user}-{next(self._numbers)}", "source": "shop", "type": type, "time": at.isoformat(),
            "user_id": user, "product": product, "properties": properties,
        }  # fmt: skip
        self.record(at, user.encode(), json.dumps(body).encode())

    def lives(self, user: str, days: Iterable[int], type: str = VISIT, product: str = "default") -> None:
        """A user does something at 10:00 of each of these days."""
        for number in days:
            self.event(user, day(number), type, product)

    def profile(
        self, user: str, at: datetime, consent: Sequence[Channel] = (), reachable: Sequence[Channel] | None = None
    ) -> None:
        """The profile now says this; without ``reachable`` every channel with consent can be reached."""
        profile = Profile(
            user_id=user, time=at, consent=dict.fromkeys(consent, True),
            reachable=tuple(consent if reachable is None else reachable),
        )  # fmt: skip
        self.does(at, lambda driver: driver.send(topics.PROFILES, user.encode(), profile.encode(), _ms(at)))

    def feedback(self, kind: FeedbackKind, user: str, at: datetime) -> None:
        """The messaging system reports about the user's last message."""

        def report(driver: Driver) -> None:
            message = Heard(driver).outbound(user)[-1]
            said = Feedback(
                id=f"{message.id}-{kind}", message=message.id, user_id=user, channel=message.channel, kind=kind, time=at
            )
            driver.send(topics.FEEDBACK, user.encode(), said.encode(), _ms(at))

        self.does(at, report)

    async def told(self) -> Heard:
        """What is heard, the same in all three tellings."""
        heard = await self._tell()
        for way, other in (("restarts", await self._tell(restarts=True)), ("small cuts", await self._tell(records=1))):
            for topic in COMPARED:
                assert _stands(heard.driver, topic) == _stands(other.driver, topic), f"{topic} differs with {way}"
        return heard

    async def _tell(self, restarts: bool = False, records: int = 16_000) -> Heard:
        policy = self.policy
        roles = [health(policy), dispatcher(policy), governor(policy)]
        driver = Driver(policy, roles, board=self._board(policy), records=records)
        happens: dict[datetime, list[Callable[[Driver], object]]] = {at: [] for at in self._ticks()}
        for at, what in self._moments:
            happens.setdefault(at, []).append(what)
        for at in sorted(happens):
            for what in happens[at]:
                what(driver)
            while await driver.turn(at):
                if restarts:
                    driver.restart()
            if restarts:
                driver.restart()
        return Heard(driver)

    def _ticks(self) -> list[datetime]:
        times = [at for at, _what in self._moments]
        steps = int((max(times) - min(times)) / self.tick)
        return [min(times) + number * self.tick for number in range(steps + 1)]


def _stands(driver: Driver, topic: str) -> list[tuple[Any, ...]]:
    """The records of a topic, partition by partition."""
    return sorted(tuple(record) for record in driver.read(topic))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


__all__ = [
    "COMPLAINT", "EMAIL", "HOUR", "PURCHASE", "PUSH", "SHOP", "SMS", "VISIT", "WECHAT",
    "FeedbackKind", "Heard", "Level", "Story", "but", "day",
]  # fmt: skip
