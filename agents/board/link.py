"""The way to a Redis that may be away: bounded in time, and free of charge while it is known to be lost."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

ABOUT_A_VALUE = ("WRONGTYPE", "hash value is not", "increment or decrement", "value is not an integer")
"""How the server begins to say that a value under a key is not what the command expects: the server itself is well."""

A_LIMIT = 2_000
"""Words of commands that a server answers well inside the limit: about a megabyte of JSON at most."""

PARTS = 10
"""The limit is waited for in so many parts."""


class Link:
    """One process's connection pool to one Redis, and whether it answers; shared by the boards of all its owners.

    A command that fails or takes longer than ``limit`` seconds loses the link: it is said once in the log and to
    ``on_up``, and until ``pause`` seconds have passed nobody tries again. The first answer brings it back, said once;
    the very first of all is told to ``on_up`` only.
    """

    def __init__(
        self,
        client: "Redis",
        *,
        limit: float = 0.25,
        pause: float = 1.0,
        on_up: Callable[[bool], None] = lambda up: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._limit, self._pause = client, limit, pause
        self._on_up, self._monotonic = on_up, monotonic
        self._lost_at: float | None = None
        self._retry_at = 0.0
        self._answered = self._told_of_values = False

    @classmethod
    def to(
        cls,
        url: str,
        *,
        limit: float = 0.25,
        on_up: Callable[[bool], None] = lambda up: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """A link to the server at a ``redis://``, ``rediss://`` or ``unix://`` address; nothing is sent yet.

        The client never repeats a command by itself: a repeated return of tokens would mint some. It has no timeouts
        of its own, because they would count the worker's time as the server's. A new connection is made without a
        greeting (RESP2, no client info): each round trip is a wait for this process's event loop.
        """
        client = Redis.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=None,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        return cls(client, limit=limit, on_up=on_up, monotonic=monotonic)

    @property
    def up(self) -> bool:
        """Whether the last answer came; true before the first question."""
        return self._lost_at is None

    async def ask(self, fill: Callable[[Pipeline], object], words: int = 1) -> list[Any] | None:
        """The answers to the commands that ``fill`` puts into a pipeline, in one round trip; None while it is away.

        A command that fails on a value of another system has the error as its answer; the others are carried out.
        Of commands with many words each further ``A_LIMIT`` have the limit's time once more.
        """
        if not self.up and self._monotonic() < self._retry_at:
            return None
        self._retry_at = self._monotonic() + self._pause
        try:
            answers = await self._answered_in_time(fill, self._limit * ceil(words / A_LIMIT))
        except (RedisError, OSError) as fault:
            self._lost(fault)
            return None
        self._back()
        return answers

    async def _answered_in_time(self, fill: Callable[[Pipeline], object], limit: float) -> list[Any]:
        """The limit is on the server's time, not on ours: it passes only while this process listens.

        It is waited for in parts. A part that ends late, because the event loop was computing, counts as one part all
        the same; so however late the loop is, it has the others to connect, to send, and to read what has come in.
        """
        asking = asyncio.create_task(self._send(fill))
        try:
            for _part in range(PARTS):
                if (await asyncio.wait([asking], timeout=limit / PARTS))[0]:
                    return asking.result()
            raise TimeoutError(f"no answer in {limit:g} s")
        finally:
            asking.cancel()

    async def _send(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipe:
            fill(pipe)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and not str(answer).startswith(ABOUT_A_VALUE):
                raise answer
        self._tell_of([answer for answer in answers if isinstance(answer, Exception)])
        return answers

    def _tell_of(self, faults: Sequence[Exception]) -> None:
        """Said once: a value that another system wrote under our keys is a fault of that system."""
        if faults and not self._told_of_values:
            self._told_of_values = True
            log.warning("redis: %d commands failed on values that are not ours, the first: %s; delete the keys (see "
                        "docs/board.md, said once)", len(faults), faults[0])  # fmt: skip

    async def close(self) -> None:
        """The connections are closed."""
        await self._client.aclose()

    def _lost(self, fault: Exception) -> None:
        self._retry_at = self._monotonic() + self._pause
        if self._lost_at is not None:
            return
        self._lost_at = self._monotonic()
        self._on_up(False)
        log.warning(
            "redis is away (%s: %s): provider rates fall to their static share, contacts of other senders are unknown, "
            "the read model is stale; trying again every %g s",
            type(fault).__name__, fault, self._pause,
        )  # fmt: skip

    def _back(self) -> None:
        if self._answered and self.up:
            return
        self._answered = True
        self._on_up(True)
        if self._lost_at is not None:
            log.warning("redis is back after %.1f s", self._monotonic() - self._lost_at)
            self._lost_at = None
