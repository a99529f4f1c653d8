"""The board in this process: for the driver, replay and tests. Owners that share one board share its server."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from agents.board.base import Committed, UserView, funnel_field, last_by_user
from agents.board.bucket import Buckets, rates
from schemas.breaker import Breaker
from schemas.channel import Channel
from schemas.policy import Policy
from streams.board import BoardQuestion, BoardView


class Contacts:
    """The part of a board that judgements hang on: the providers' rates and who was contacted when."""

    def __init__(self, policy: Policy) -> None:
        self._buckets = Buckets(rates(policy))
        self._gap = timedelta(hours=policy.dispatch.registry_gap_hours)
        self._contacted: dict[str, datetime] = {}

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        known = self._contacted
        contacted = {user: known[user] for user in question.users if user in known}
        return BoardView(True, self._buckets.take(question.tokens, now), contacted)

    async def told(
        self,
        outbound: Sequence[Committed],
        decisions: Sequence[Committed],
        unused: Mapping[Channel, int],
        now: datetime,
    ) -> None:
        self._buckets.give(unused)
        if self._gap:
            self._contacted |= dict.fromkeys((each.said.user_id for each in outbound), now)


class MemoryBoard(Contacts):
    """A whole board; it is always reachable and forgets when the process ends."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._decisions: dict[str, bytes] = {}
        self._outbound: dict[str, bytes] = {}
        self._funnel: dict[date, Counter[str]] = {}
        self._breakers: dict[Channel, Breaker] = {}

    async def told(
        self,
        outbound: Sequence[Committed],
        decisions: Sequence[Committed],
        unused: Mapping[Channel, int],
        now: datetime,
    ) -> None:
        await super().told(outbound, decisions, unused, now)
        self._outbound |= last_by_user(outbound)
        self._decisions |= last_by_user(decisions)
        self._funnel.setdefault(now.date(), Counter()).update(funnel_field(each.said) for each in decisions)

    async def breaker(self, breakers: Sequence[Breaker], now: datetime) -> None:
        self._breakers |= {breaker.channel: breaker for breaker in breakers}

    async def user(self, user_id: str) -> UserView:
        return UserView.of(self._decisions.get(user_id), self._outbound.get(user_id))

    async def funnel(self, day: date) -> Mapping[str, int]:
        return dict(self._funnel.get(day, {}))

    async def breakers(self) -> Mapping[Channel, Breaker]:
        return dict(self._breakers)
