"""A governor and its dispatchers whose words to each other may be late, whose clocks differ, whose partitions crash."""

from datetime import datetime, timedelta

from schemas.base import Message
from schemas.breaker import Breaker
from schemas.counts import Counts
from schemas.lease import Lease
from schemas.policy import Policy
from tests.dispatching import T0, Worked, read
from tests.governing import Governed


class House:
    """``skews`` are the seconds by which each dispatcher's clock is ahead of ``now``, which is the governor's."""

    def __init__(self, policy: Policy, skews: tuple[int, ...] = (0, 0)) -> None:
        self.governor = Governed(policy)
        self.dispatchers = [Worked(policy, number) for number in range(len(skews))]
        self.now = T0
        self.reports: list[Counts] = []
        self._skews = [timedelta(seconds=each) for each in skews]
        self._said: list[Message] = []
        self._heard = [0] * len(skews)
        self._told = 0

    def clock(self, number: int) -> datetime:
        """A dispatcher's own time."""
        return self.now + self._skews[number]

    @property
    def silent(self) -> bool:
        """Whether no report waits for the governor."""
        return self._told == len(self.reports)

    def governs(self, most: int = 1_000_000) -> None:
        """The governor takes at most so many of the reports that wait for it."""
        taken = self.reports[self._told : self._told + most]
        facts = self.governor.work(*taken, now=self.now)
        self._said += [each for fact in facts for each in read([fact], Breaker) + read([fact], Lease)]
        self._told += len(taken)

    def dispatches(self, number: int, *messages: Message, listens: bool = True) -> None:
        """A dispatcher works; if it listens, it has heard before the newest that the governor said of everything."""
        heard = self._said[self._heard[number] :] if listens else []
        self._heard[number] += len(heard)
        newest = {(each.TOPIC, each.key): each for each in heard}
        facts = self.dispatchers[number].work(*messages, now=self.clock(number), heard=list(newest.values()))
        self.reports += read(facts, Counts)

    def crashes(self, number: int) -> None:
        """The governor and a dispatcher open anew from what they have committed."""
        self.dispatchers[number].restart()
        self.governor.restart()
