"""The governor's accounts of every leased resource, as they change in a transaction (E9, E10, E12, E17)."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from schemas.counts import Draw
from schemas.lease import BLAST, Lease
from schemas.policy import Policy
from streams.govern.account import ACCOUNTS, EMPTY, RESERVES, Account, Wish, drawn, granted, unmet, wanted, within
from streams.govern.pulse import PULSES, Pulse, beaten, learned, radius
from streams.limits import limits, minute_of

PREFIX, PULSE = "lease/", "pulse"


class Ledger:
    """Every limit of a policy, and the probes of half-open channels: granted once for all partitions."""

    def __init__(self, policy: Policy, stored: Iterable[tuple[str, bytes]]) -> None:
        self._policy = policy
        self._limits = limits(policy)
        self._accounts: dict[str, Account] = {}
        self.pulse = Pulse()
        self._changed: set[str] = set()
        for name, packed in stored:
            if name == PULSE:
                self.pulse = PULSES.unpack(name, packed)
            elif name.startswith(PREFIX):
                self._accounts[name.removeprefix(PREFIX)] = ACCOUNTS.unpack(name, packed)

    def unsent(self, resource: str) -> int:
        """Units that are granted and were neither spent nor given back."""
        return self._account(resource).out

    def begin(self, resource: str, round: int) -> None:
        """A new round of the resource, with nothing granted; leases of the last one are void."""
        self._put(resource, Account(round))

    def draw(self, draw: Draw) -> None:
        """What a partition took from its lease counts in the minute in which it took it."""
        limit = self._limits.get(draw.resource)
        part = limit.window.part(draw.minute) if limit else 0
        self._put(draw.resource, drawn(self._account(draw.resource), draw, part))

    def want(self, resource: str, partition: int, wish: Wish) -> None:
        """The partition's newest wish holds."""
        self._put(resource, wanted(self._account(resource), partition, wish))

    def grant(self, resource: str, now: datetime) -> list[Lease]:
        """Wishes for a limit of the policy are met as far as it goes; a run that is too long waits for an operator."""
        if resource not in self._limits:
            return []
        amount, window, _least = self._limits[resource]
        limit = radius(self.pulse, self._policy.blast) if amount is None else amount
        self._put(resource, within(self._account(resource), window.first(minute_of(now))))
        leases = self.grant_of(resource, limit, limit // RESERVES, now)
        if resource == BLAST and not self._policy.blast.resumes and unmet(self._account(BLAST)):
            self._beat(replace(self.pulse, paused=self.pulse.paused or now))
        return leases

    def grant_of(self, resource: str, limit: int, reserve: int, now: datetime) -> list[Lease]:
        """The leases that meet the wishes of this round, as far as a limit goes."""
        account, grants = granted(self._account(resource), limit, reserve)
        self._put(resource, account)
        return [
            Lease(
                resource=resource,
                partition=each.partition,
                round=account.round,
                granted=each.total,
                reserve=reserve,
                at=now,
            )
            for each in grants
        ]

    def tick(self, now: datetime) -> list[Lease]:
        """What time makes free is granted, and an hour that is over has taught what is usual."""
        if BLAST in self._limits:
            self._beat(learned(self.pulse, now, self._policy.blast))
        return [lease for resource in self._limits for lease in self.grant(resource, now)]

    def sent(self, sends: int) -> None:
        """So many more messages have gone out."""
        if BLAST in self._limits:
            self._beat(beaten(self.pulse, sends))

    def release(self, at: datetime) -> bool:
        """An operator's word of ``at``: a paused run goes on and is counted anew, once; returns whether it was news."""
        if self.pulse.released is not None and at <= self.pulse.released:
            return False
        if self.pulse.paused is not None:
            self._put(BLAST, replace(self._account(BLAST), spent={}))
        self._beat(replace(self.pulse, paused=None, released=at))
        return True

    def settle(self) -> dict[str, bytes]:
        """What changed since the last call, packed, by its name in the table."""
        changed, self._changed = sorted(self._changed), set()
        return {
            name: PULSES.pack(self.pulse) if name == PULSE else ACCOUNTS.pack(self._account(name.removeprefix(PREFIX)))
            for name in changed
        }

    def _account(self, resource: str) -> Account:
        return self._accounts.get(resource, EMPTY)

    def _put(self, resource: str, account: Account) -> None:
        if account is not self._account(resource):
            self._accounts[resource] = account
            self._changed.add(PREFIX + resource)

    def _beat(self, pulse: Pulse) -> None:
        if pulse != self.pulse:
            self.pulse = pulse
            self._changed.add(PULSE)
