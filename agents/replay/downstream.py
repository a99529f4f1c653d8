"""What follows from warnings: dispatcher and governor as the driver runs them; their topics forget what was read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from agents.board import Committed, MemoryBoard
from agents.board.memory import Contacts
from agents.driver import Driver
from agents.driver.owner import milliseconds
from agents.replay.consent import everything
from agents.replay.folder import FILES
from agents.roles.dispatcher import dispatcher
from agents.roles.governor import governor
from schemas import topics
from schemas.channel import Channel
from schemas.policy import Policy
from schemas.profile import Profile
from streams.dispatch import Dispatcher
from streams.role import Fact

TICK: Final = timedelta(seconds=1)
"""A live dispatcher looks around once a second; so does this one, while anybody waits."""
PROFILES: Final = 16_000
"""Profiles that are taken in at once."""


class Priced(msgspec.Struct):
    """What a message to a customer costs, of all that it says."""

    cost: float


_priced: Final = msgspec.json.Decoder(Priced).decode

Sink = Callable[[str, bytes], None]
"""Takes a message: its topic and its value."""


class Unread(MemoryBoard):
    """A board whose read model nobody reads: it keeps what judgements hang on, so its memory is that of contacts."""

    async def told(
        self,
        outbound: Sequence[Committed],
        decisions: Sequence[Committed],
        unused: Mapping[Channel, int],
        now: datetime,
    ) -> None:
        await Contacts.told(self, outbound, decisions, unused, now)


class Downstream:
    """One partition of dispatcher and governor; all that stands on a topic with a file goes to ``sink`` in order."""

    def __init__(self, policy: Policy, sink: Sink, everybody: bool) -> None:
        self._policy, self._sink, self._everybody = policy, sink, everybody
        self._driver = Driver(policy, [dispatcher(policy), governor(policy)], partitions=1, board=Unread(policy))
        self._known: set[bytes] = set()
        self._now: datetime | None = None
        self.cost = 0.0
        """What the messages so far cost together, in the policy's currency."""

    async def introduce(self, profiles: Iterable[Profile], now: datetime) -> None:
        """The dispatcher knows these profiles; of two of a user the later one holds."""
        for number, profile in enumerate(profiles, 1):
            self._send_profile(profile, now)
            if number % PROFILES == 0:
                await self._settle(now)
        await self._settle(now)

    async def told(self, facts: Iterable[Fact], now: datetime) -> None:
        """What the health role published has been answered."""
        for fact in facts:
            if fact.topic == topics.POPULATION:
                continue  # for other partitions, and there are none
            if self._everybody and fact.key is not None and fact.key not in self._known:
                self._send_profile(everything(fact.key.decode(), self._policy, now), now)
            self._driver.send(fact.topic, fact.key, fact.value, milliseconds(now), fact.headers)
        await self._settle(now)

    async def until(self, time: datetime) -> None:
        """Everybody whose hold ended by then was looked at when it ended, or at the next tick."""
        while (due := self.due()) is not None and due <= time:
            await self._settle(due)

    def due(self) -> datetime | None:
        """When the dispatcher must look around next; None while nobody waits."""
        held = self._dispatcher.next()
        return held if held is None or self._now is None else max(held, self._now + TICK)

    def tally(self) -> dict[str, int]:
        """What happened since the last call; see :meth:`streams.dispatch.Dispatcher.tally`."""
        return self._dispatcher.tally()

    @property
    def introduced(self) -> bool:
        """Whether any profile is known."""
        return bool(self._known)

    @property
    def held(self) -> int:
        """How many candidates wait."""
        return self._dispatcher.waiting

    @property
    def _dispatcher(self) -> Dispatcher:
        partition = self._driver.partition("dispatcher")
        assert isinstance(partition, Dispatcher)
        return partition

    def _send_profile(self, profile: Profile, now: datetime) -> None:
        self._known.add(profile.user_id.encode())
        self._driver.send(topics.PROFILES, profile.user_id.encode(), profile.encode(), milliseconds(now))

    async def _settle(self, now: datetime) -> None:
        self._now = now
        await self._driver.settle(now)
        for topic in FILES:
            for record in self._driver.read(topic):
                assert record.value is not None, f"{topic} is not compacted"
                self._sink(topic, record.value)
                if topic == topics.OUTBOUND:
                    self.cost += _priced(record.value).cost
        self._driver.topics.forget()
