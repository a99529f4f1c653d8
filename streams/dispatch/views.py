"""What a judgement may look at: the policy, worked out once, and what is known of the user and of all at the moment."""

from datetime import datetime

from schemas.ids import recall_id
from schemas.policy import Policy
from streams.dispatch.asking import Asking
from streams.dispatch.book import Book, Candidate
from streams.dispatch.capping import Caps
from streams.dispatch.copy.writer import Copywriter
from streams.dispatch.gate.stage import View
from streams.dispatch.governed import Governed
from streams.dispatch.hours import AllowedHours
from streams.dispatch.orders import Orders
from streams.dispatch.queue import Queue
from streams.dispatch.recall import going_on
from streams.dispatch.treatment import Treatment, Treatments
from streams.limits import limits


class Views:
    """Makes the view of each judgement of a partition."""

    def __init__(self, policy: Policy, writer: Copywriter, governed: Governed, orders: Orders, queue: Queue) -> None:
        self._policy, self._writer = policy, writer
        self._governed, self._orders, self._queue = governed, orders, queue
        self._hours, self._caps = AllowedHours(policy.quiet_hours), Caps(policy.caps)
        self.limits = limits(policy)
        """The policy's limits for all users together."""
        self._treatments = Treatments(policy, self.limits)

    def treatment(self, candidate: Candidate, book: Book) -> Treatment:
        """The playbook that answers a candidate, as the user feels now."""
        return self._treatments.choose(candidate.level, candidate.product, book.unhappy)

    def of(self, user: str, book: Book, candidate: Candidate, asking: Asking, now: datetime, *, newer: bool) -> View:
        """All that a judgement of the candidate may look at; ``newer``: a later warning of the user is here."""
        treatment = self.treatment(candidate, book)
        recall = recall_id(user, candidate.episode, candidate.stage)
        failed = going_on(book, recall)
        return View(
            user=user,
            book=book,
            policy=self._policy,
            playbook=treatment.playbook,
            channels=treatment.without(failed.channels) if failed else treatment.channels,
            recall=recall,
            failed=failed,
            newer=newer,
            board=asking.view(user),
            tokens=asking.tokens,
            queued=self._queue.in_line,
            standings=self._governed.standings,
            hours=self._hours,
            caps=self._caps,
            limits=self.limits,
            needs=treatment.needs,
            holdings=self._governed.holdings,
            paused=self._orders.paused(treatment.playbook.name, now) if treatment.playbook else None,
            writer=self._writer,
            texts={},
        )
