"""The board on a Redis (or Valkey) server that all workers share; one object an owner, one link a process."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import chain
from typing import Any, TypeVar

from redis.asyncio.client import Pipeline

from agents.board import keys
from agents.board.base import BoardAway, Committed, UserView, funnel_field, last_by_user
from agents.board.bucket import Buckets, microseconds, rates
from agents.board.link import Link
from schemas.breaker import Breaker
from schemas.channel import Channel
from schemas.decision import Decision
from schemas.outbound import Outbound
from schemas.policy import Policy
from streams.board import BoardQuestion, BoardView

log = logging.getLogger(__name__)

TAKE, KEEP = (files("agents.board").joinpath(script).read_text() for script in ("take.lua", "keep.lua"))

F = TypeVar("F")
V = TypeVar("V")
Command = tuple[str | bytes | int, ...]


class RedisBoard:
    """The shared board as one owner sees it, or while Redis is away the owner's static share and no contacts.

    Values in the read model live for ``keep``. One transaction at a time: :meth:`told` gives unused tokens back to
    where the last :meth:`look` took them.
    """

    def __init__(self, link: Link, policy: Policy, partitions: int, keep: timedelta = timedelta(days=35)) -> None:
        self._link, self._rates, self._keep = link, rates(policy), keep
        self._share = Buckets(rates(policy, partitions))
        self._gap = timedelta(hours=policy.dispatch.registry_gap_hours)
        self._from_share = False
        self._warned = False

    async def look(self, question: BoardQuestion, now: datetime) -> BoardView:
        channels = [channel for channel in question.tokens if channel in self._rates]
        users = list(question.users)
        reads: list[Command] = [("MGET", *map(keys.contact, users))] if users else []
        answers = await self._ask([self._take(channels, question.tokens, now), *reads])
        self._from_share = answers is None
        if answers is None:
            return BoardView(False, self._share.take(question.tokens, now), {})
        granted, *contacts = answers
        tokens = dict.fromkeys(question.tokens, 0) | dict(zip(channels, granted, strict=True))
        return BoardView(True, tokens, self._contacted(zip(users, chain(*contacts), strict=True), now))

    def _take(self, channels: Sequence[Channel], asked: Mapping[Channel, int], now: datetime) -> Command:
        wanted = chain.from_iterable((*self._rates[channel], asked[channel]) for channel in channels)
        return "EVAL", TAKE, len(channels), *map(keys.rate, channels), microseconds(now), *wanted

    def _contacted(self, values: Iterator[tuple[str, bytes | None]], now: datetime) -> dict[str, datetime]:
        known = {user: keys.contact_time(value) for user, value in values if value is not None}
        unreadable = sum(at is None for at in known.values())
        if unreadable and not self._warned:
            self._warned = True
            log.warning(
                "contact registry: %d values under %s are not milliseconds since the epoch; such users wait as if "
                "contacted now; find out which system writes them (said once)", unreadable, keys.contact("*"),
            )  # fmt: skip
        return {user: min(at or now, now) for user, at in known.items()}

    async def told(
        self,
        outbound: Sequence[Committed],
        decisions: Sequence[Committed],
        unused: Mapping[Channel, int],
        now: datetime,
    ) -> None:
        if self._from_share:
            self._share.give(unused)
        returns = () if self._from_share else self._returns(unused)
        contacts = self._contacts(outbound, now) if self._gap else ()
        await self._write([*returns, *contacts, *self._last(outbound, decisions), *self._counts(decisions, now)], now)

    async def breaker(self, breakers: Sequence[Breaker], now: datetime) -> None:
        await self._write([("HSET", keys.BREAKERS, each.channel, each.encode()) for each in breakers], now)

    def _returns(self, unused: Mapping[Channel, int]) -> Iterator[Command]:
        for channel, count in unused.items():
            if count > 0 and channel in self._rates:
                yield "DECRBY", keys.rate(channel), count * self._rates[channel].interval

    def _contacts(self, outbound: Sequence[Committed], now: datetime) -> Iterator[Command]:
        value = keys.contact_value(now)
        yield from _kept({keys.contact(each.said.user_id): value for each in outbound}, self._gap)

    def _last(self, outbound: Sequence[Committed], decisions: Sequence[Committed]) -> Iterator[Command]:
        last = {keys.decision(user_id): value for user_id, value in last_by_user(decisions).items()}
        last |= {keys.outbound(user_id): value for user_id, value in last_by_user(outbound).items()}
        yield from _kept(last, self._keep)

    def _counts(self, decisions: Sequence[Committed], now: datetime) -> Iterator[Command]:
        if not decisions:
            return
        key = keys.funnel(now.date())
        for field, count in Counter(funnel_field(each.said) for each in decisions).items():
            yield "HINCRBY", key, field, count
        yield "EXPIRE", key, int(self._keep.total_seconds())

    async def _write(self, commands: Sequence[Command], now: datetime) -> None:
        """All commands in one round trip, however many; the read model is advisory."""
        if commands:
            await self._ask([*commands, ("SET", keys.FRESH, now.isoformat())])

    async def user(self, user_id: str) -> UserView:
        [[decision, outbound]] = await self._read(("MGET", keys.decision(user_id), keys.outbound(user_id)))
        return UserView(_read_as(Decision.decode, decision), _read_as(Outbound.decode, outbound))

    async def funnel(self, day: date) -> Mapping[str, int]:
        return await self._hash(keys.funnel(day), bytes.decode, int)

    async def breakers(self) -> Mapping[Channel, Breaker]:
        return await self._hash(keys.BREAKERS, lambda field: Channel(field.decode()), Breaker.decode)

    async def _hash(self, key: str, field_as: Callable[[bytes], F], value_as: Callable[[bytes], V]) -> dict[F, V]:
        """The fields of a hash that can be read; what other systems wrote between them is left out."""
        [values] = await self._read(("HGETALL", key))
        if isinstance(values, Exception):  # a value of another type: see Link.ask
            return {}
        found = ((_read_as(field_as, field), _read_as(value_as, value)) for field, value in values.items())
        return {field: value for field, value in found if field is not None and value is not None}

    async def _read(self, *commands: Command) -> list[Any]:
        answers = await self._ask(commands)
        if answers is None:
            raise BoardAway("the read model cannot be read: redis is away; it is tried again every second")
        return answers

    async def _ask(self, commands: Collection[Command]) -> list[Any] | None:
        def fill(pipe: Pipeline) -> None:
            for command in commands:
                pipe.execute_command(*command)

        return await self._link.ask(fill, sum(map(len, commands)))


def _read_as(read: Callable[[bytes], V], value: bytes | None) -> V | None:
    """A value of the read model; None where there is none, or one that another system wrote."""
    try:
        return None if value is None else read(value)
    except ValueError:  # pydantic's, msgspec's and the codecs' errors are all of this kind
        return None


def _kept(values: Mapping[str, int | bytes], time: timedelta) -> Iterator[Command]:
    """What writes these values, if there are any, to live so long."""
    if values:
        yield "EVAL", KEEP, len(values), *values, int(time.total_seconds()), *values.values()
