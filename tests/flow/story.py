"""The words in which flow stories are told: what happens when, and what is then heard on the topics.

A story is said first and told after, in the order of its times; saying order does not matter::

    story = Story(SHOP)
    story.profile("ann", day(0), consent=[PUSH])
    story.lives("ann", range(20))                # a visit every day at 10:00, then silence
    story.crowd(range(60))                       # others move time on
    heard = await story.told()
    [risk, critical] = heard.warnings("ann")

One clock is event time, record time and processing time; everybody ticks at each moment and every six hours. A story is
told three times: as it is, with all partitions thrown away after every third turn, and with transactions of one record.
The first two must leave the same on every topic, byte for byte; the third the same warnings, messages and dead letters.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, repeat
from itertools import product as pairs
from pathlib import Path
from typing import Any

from agents.board import Board, MemoryBoard
from agents.driver import Driver, Stored
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from agents.roles.health import health
from schemas import topics
from schemas.breaker import Breaker
from schemas.channel import Channel
from schemas.control import Control, ControlKind
from schemas.decision import Decision, Outcome, Reason
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import episode_id, warning_id
from schemas.lease import Lease
from schemas.outbound import Outbound
from schemas.policy import Policy
from schemas.policy.load import parse_policy
from schemas.profile import Profile
from schemas.stage import StageChange
from schemas.warning import Component, Level, Stage, Warning
from streams.partitioner import Placement

ROOT = Path(__file__).parents[2]
SHOP = parse_policy((ROOT / "deploy/policies/shop.toml").read_text(), "shop.toml")
START = datetime(2026, 1, 4, 16, tzinfo=UTC)  # Monday 00:00 in Shanghai, where the shop's days begin
HOUR = timedelta(hours=1)
VISIT, PURCHASE, COMPLAINT = "app.opened", "order.paid", "ticket.opened"
PUSH, WECHAT, SMS, EMAIL = Channel.PUSH, Channel.WECHAT, Channel.SMS, Channel.EMAIL
TURNS = 1_000
CROWD = [f"regular-{number}" for number in range(12)]
PLACED = Placement(4)
Headers = tuple[tuple[str, bytes], ...]
BY_FACT = (topics.WARNINGS, topics.STAGES, topics.SIGNS, topics.OUTBOUND, topics.DEAD_LETTERS)
BY_TIME = (topics.DECISIONS, topics.COUNTS, topics.BREAKERS, topics.LEASES)
"""What is counted and looked at in one transaction hangs on where it ends; what follows for a user does not."""


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
        """All that was said of a user but early signs and their ends, which most stories are not about."""
        every = self.all_warnings(user)
        early = {each.id for each in every if each.level is Level.WATCH}
        return [each for each in every if not early & {each.id, each.clears}]

    def all_warnings(self, user: str) -> list[Warning]:
        return [each for each in self.driver.messages(Warning) if each.user_id == user]

    def stages(self, user: str) -> list[StageChange]:
        return [each for each in self.driver.messages(StageChange) if each.user_id == user]

    def decisions(self, user: str) -> list[Decision]:
        """All that was decided about a user, but of the early sign, which the shop answers with nothing."""
        decided = (each for each in self.driver.messages(Decision) if each.user_id == user)
        return [each for each in decided if each.level != Level.WATCH]

    def ends(self, user: str) -> list[tuple[Outcome, Reason | None]]:
        """What was decided about a user, in order, in two words each."""
        return [(each.outcome, each.reason) for each in self.decisions(user)]

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
        self, policy: Policy = SHOP, tick: timedelta = 6 * HOUR, board: Callable[[Policy], Board] = MemoryBoard
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
        self, user: str, at: datetime, consent: Sequence[Channel] = (), reachable: Sequence[Channel] | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        """The profile now says this; without ``reachable`` every channel with consent can be reached."""
        profile = Profile(
            user_id=user, time=at, consent=dict.fromkeys(consent, True),
            reachable=tuple(consent if reachable is None else reachable), **more,
        )  # fmt: skip
        self.does(at, lambda driver: driver.send(topics.PROFILES, user.encode(), profile.encode(), _ms(at)))

    def warned(
        self, user: str, at: datetime, level: Level = Level.RISK, product: str = "default", silence: int = 0
    ) -> None:
        """A warning of the user's n-th silence stands on its topic: for stories in which the minute matters."""
        episode = episode_id(user, product, day(silence).date())
        warning = Warning(
            id=warning_id(episode, level), level=level, episode=episode, user_id=user, product=product, at=at,
            index=40_000, parts={Component.SILENCE: 60_000}, threshold=50_000, rules=("level",), stage=Stage.AT_RISK,
            clears_when="the user comes back", snapshot="start", warming_up=True, policy_hash=self.policy.hash,
        )  # fmt: skip
        self.does(at, lambda driver: driver.send(topics.WARNINGS, user.encode(), warning.encode(), _ms(at)))

    def ordered(self, kind: ControlKind, target: str, at: datetime, **more: Any) -> None:
        """An operator says something."""
        said = {"kind": kind, "target": target, "who": "olga", "why": "the story has it so", "at": at} | more
        word = Control.model_validate(said)
        self.does(at, lambda driver: driver.send(topics.CONTROL, word.key.encode(), word.encode(), _ms(at)))

    def lifted(self, kind: ControlKind, target: str, at: datetime) -> None:
        """An operator takes back what was said."""
        self.does(at, lambda driver: driver.send(topics.CONTROL, f"{kind}/{target}".encode(), None, _ms(at)))

    def crowd(self, days: Iterable[int], product: str = "default") -> None:
        """Regular users in every partition visit at 10:00 and move time on; nobody warns of them."""
        for number, user in pairs(days, CROWD):
            self.event(user, day(number), product=product)

    def feedback(self, kind: FeedbackKind, whose: str | Callable[["Heard"], str], at: datetime) -> None:
        """The messaging system reports about a user's last message; who it is may turn out in the telling."""

        def report(driver: Driver) -> None:
            user = whose if isinstance(whose, str) else whose(Heard(driver))
            message = Heard(driver).outbound(user)[-1]
            said = Feedback(
                id=f"{message.id}-{kind}", message=message.id, user_id=user, channel=message.channel, kind=kind, time=at
            )
            driver.send(topics.FEEDBACK, user.encode(), said.encode(), _ms(at))

        self.does(at, report)

    async def told(self, cuts: bool = True, restarts: bool = True) -> Heard:
        """What is heard, the same in every telling; ``cuts=False`` where much hangs on who comes together.

        ``restarts=False`` where it takes seconds in peace: a partition that has just been opened is not idle yet.
        """
        heard = await self._tell()
        again = await self._tell(restarts=True) if restarts else heard
        for topic in (*BY_TIME, *BY_FACT):
            assert _stands(heard.driver, topic) == _stands(again.driver, topic), f"{topic} differs with restarts"
        cut = await self._tell(records=1)
        for topic in BY_FACT if cuts else ():
            assert _stands(heard.driver, topic) == _stands(cut.driver, topic), f"{topic} differs with small cuts"
        return heard

    async def _tell(self, restarts: bool = False, records: int = 16_000) -> Heard:
        policy = self.policy
        roles = [health(policy, placement=PLACED), dispatcher(policy, PLACED), governor(policy)]
        driver = Driver(policy, roles, PLACED.partitions, self._board(policy), records)
        happens: dict[datetime, list[Callable[[Driver], object]]] = {at: [] for at in self._ticks()}
        for at, what in self._moments:
            happens.setdefault(at, []).append(what)
        falls = cycle((False, False, True)) if restarts else repeat(False)
        await _settle(driver, min(happens), falls)  # the workers have been running when a story begins
        for at in sorted(happens):
            for what in happens[at]:
                what(driver)
            await _settle(driver, at, falls)
        return Heard(driver)

    def _ticks(self) -> list[datetime]:
        times = [at for at, _what in self._moments]
        steps = int((max(times) - min(times)) / self.tick)
        return [min(times) + number * self.tick for number in range(steps + 1)]


async def _settle(driver: Driver, at: datetime, falls: Iterator[bool]) -> None:
    """All is done that there is to do; after some turns everything is opened anew."""
    for _turn in range(TURNS):
        waits = await driver.turn(at)
        if next(falls):
            driver.restart()
        if not waits:
            return
    raise AssertionError(f"after {TURNS} turns at {at} there is still something to do")


def _stands(driver: Driver, topic: str) -> list[tuple[Any, ...]]:
    """The records of a topic, partition by partition."""
    return sorted(tuple(record) for record in driver.read(topic))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


__all__ = [
    "COMPLAINT", "EMAIL", "HOUR", "PLACED", "PURCHASE", "PUSH", "SHOP", "SMS", "VISIT", "WECHAT",
    "FeedbackKind", "Heard", "Level", "Story", "but", "day",
]  # fmt: skip
