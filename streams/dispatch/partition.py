"""One partition of the dispatcher: warnings, signs, profiles and feedback in; decisions, messages and counts out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from schemas import topics
from schemas.decision import Reason
from schemas.feedback import Feedback
from schemas.ids import recall_id
from schemas.policy import Policy
from schemas.profile import Profile
from schemas.sign import Sign
from schemas.warning import Level, Warning
from streams.board import BoardQuestion, BoardView
from streams.dispatch.asking import Asking
from streams.dispatch.book import FAILURES, Book, Candidate, introduced, returned, waiting
from streams.dispatch.books import Books
from streams.dispatch.capping import Caps
from streams.dispatch.copy.writer import Copywriter
from streams.dispatch.desk import Settlement, candidate_of, decide
from streams.dispatch.gate.paused import paused_by
from streams.dispatch.gate.stage import View
from streams.dispatch.governed import MEMOS, Governed
from streams.dispatch.hours import AllowedHours
from streams.dispatch.incoming import Refused, dead_letter, read
from streams.dispatch.known import known
from streams.dispatch.orders import Orders
from streams.dispatch.reading import Reading
from streams.dispatch.recall import going_on, judged_again
from streams.dispatch.report import Harm, Heard, hear
from streams.dispatch.signs import told, witnessed
from streams.dispatch.treatment import Treatments
from streams.limits import limits
from streams.partitioner import Placement, home
from streams.role import Fact, Record, Settled, Table, fact_of


class Dispatcher:
    """A :class:`streams.role.Partition`: every candidate is sent once, held or dropped, and each judgement is told.

    ``placement`` says which users are this partition's, for orders are heard by all.
    """

    def __init__(
        self, policy: Policy, writer: Copywriter, number: int, table: Table, memo: bytes | None, placement: Placement
    ) -> None:
        self._policy = policy
        self._writer = writer
        self._number = number
        self._limits = limits(policy)
        self._books = Books(table)
        self._governed = Governed() if memo is None else MEMOS.unpack(number, memo)
        self.orders = Orders(self._governed.orders, self._books, home(placement, number))
        self._treatments = Treatments(policy, self._limits)
        self._hours = AllowedHours(policy.quiet_hours)
        self._caps = Caps(policy.caps)
        self._asking = Asking()
        self._reading = Reading(policy.intake.max_bytes)
        self._outcomes: Counter[str] = Counter()
        self._apply = {
            topics.WARNINGS: self._on_warning,
            topics.PROFILES: self._on_profile,
            topics.FEEDBACK: self._on_feedback,
            topics.SIGNS: self._on_sign,
        }

    @property
    def waiting(self) -> int:
        """How many candidates are held."""
        return len(self._books.queue)

    def next(self) -> datetime | None:
        """When time alone gives the next tick something to do for those who are held; None where nobody is."""
        held, probes = self._books.queue.next(), self._policy.breaker.probes
        if held is None or not self._governed.wants(self._books.queue, self._limits, probes):
            return held
        return min(held, self._governed.reports(held))

    def tally(self) -> dict[str, int]:
        """What happened since the last call: ``decision.<outcome>[.<reason>]``, ``outbound.<channel>``,
        ``profile.`` and ``feedback.`` with what became of the record, ``reject.<reason>``,
        ``control.<kind>.<outcome>``.
        """
        counted, self._outcomes = dict(self._outcomes + self.orders.tally), Counter()
        self.orders.tally.clear()
        return counted

    def hear(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """The governor's words are known (raises :class:`UnreadableRecord`), and operators' orders stand."""
        if topic == topics.CONTROL:
            self.orders.hear(records, now)
            return ()
        for record in records:
            self._governed.hear(topic, record, self._number, now)
        return ()

    def question(self, batches: Sequence[tuple[str, Sequence[Record]]], now: datetime) -> BoardQuestion | None:
        """Every user who may be judged, and for each candidate, new or waiting, a token on each of its channels."""
        self._asking = Asking()
        self._ask_about_failures(self._reading.reports(batches))
        warnings = list(self._reading.all(Warning, batches))
        for warning in warnings:
            self._asking.about(warning.user_id, self._treatments.channels(warning.level, warning.product))
        users = [each.user_id for each in warnings] + [each.user_id for each in self._reading.all(Sign, batches)]
        for key in dict.fromkeys((*map(str.encode, users), *self._due(now))):
            if held := self._books[key].held:
                self._asking.about(key.decode(), self._treatments.channels(held.level, held.product))
        return self._asking.question()

    def _ask_about_failures(self, reports: Iterable[Feedback]) -> None:
        """Whose message has failed may be sent another."""
        for report in reports:
            if report.kind in FAILURES:
                recall = self._books[report.user_id.encode()].recall
                whose = recall and recall.candidate
                channels = self._treatments.channels(whose.level, whose.product) if whose else ()
                self._asking.about(report.user_id, channels)

    def answer(self, seen: object) -> None:
        """Take the board's view; it holds until the transaction settles."""
        assert isinstance(seen, BoardView), f"a dispatcher asks the board and takes a BoardView, not {type(seen)}"
        self._asking.answered(seen)

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Apply warnings, signs, profiles or feedback in their order."""
        apply = self._apply[topic]
        return [fact for record in records for fact in apply(record, now)]

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
        """Look again at whoever is due, and tell the governor what was counted."""
        facts: list[Fact] = []
        self.orders.expire(now)
        for key in self._due(now):
            if (held := self._books[key].held) and self._asking.covers(key.decode()):
                facts += self._judge(key, held, now)
        self.orders.affected.clear()
        probes = self._policy.breaker.probes
        report = self._governed.report(self._number, self._books.queue, self._limits, probes, now)
        return facts if report is None else [*facts, fact_of(report, partition=0)]

    def settle(self) -> Settled:
        """Everything that changed; the board's answer ends here."""
        self._asking = Asking()
        self._reading.clear()
        return Settled(self._books.settle(), MEMOS.pack(self._governed))

    def _due(self, now: datetime) -> list[bytes]:
        """Whom to look at now: about whom an operator has spoken, then whose hold has ended or is lifted."""
        turn = self._books.queue.due(now, lambda resource: self._room(resource, now))
        return list(dict.fromkeys((*sorted(self.orders.affected), *turn)))

    def _room(self, resource: str, now: datetime) -> int | None:
        """How much of what candidates wait for may be used now; None where nothing limits it."""
        playbook = paused_by(resource)
        if playbook is None:
            return self._governed.room(resource, self._limits, now)
        return 0 if self.orders.paused(playbook, now) else None

    def _on_warning(self, record: Record, now: datetime) -> Iterator[Fact]:
        warning = self._reading.own(Warning, record)
        key = warning.user_id.encode()
        yield from self._felt(key, witnessed(self._books[key], warning), now)
        if warning.level is Level.RECOVERED:
            yield from self._recovered(key, warning.episode, now)
            return
        if held := self._books[key].held:
            yield from self._judge(key, held, now, newer=True)
        yield from self._judge(key, candidate_of(warning, self._policy, now), now)

    def _on_sign(self, record: Record, now: datetime) -> Iterator[Fact]:
        sign = self._reading.own(Sign, record)
        key = sign.user_id.encode()
        yield from self._felt(key, told(self._books[key], sign, now), now)

    def _felt(self, key: bytes, book: Book, now: datetime) -> Iterator[Fact]:
        """Who waits is looked at again where the user has become unhappy, or is it no longer."""
        before = self._books[key]
        if book is before:
            return
        self._books[key] = book
        if book.held is not None and book.unhappy != before.unhappy:
            yield from self._judge(key, book.held, now)

    def _recovered(self, key: bytes, episode: str, now: datetime) -> Iterator[Fact]:
        """The episode is over; who waits because of it need not wait until he is due to be told so."""
        closes = now + timedelta(days=self._policy.dispatch.return_cooldown_days)
        book = self._books[key] = returned(self._books[key], episode, closes)
        if book.held is not None and book.held.episode == episode:
            yield from self._judge(key, book.held, now)

    def _on_profile(self, record: Record, now: datetime) -> Iterator[Fact]:
        profile: Profile | Refused | None = None
        if record.value is not None or record.key is None:
            profile = read(Profile, record, self._policy.intake.max_bytes)
        if isinstance(profile, Refused):
            yield self._refuse("profile", profile, topics.PROFILES, record)
        elif record.key is not None:
            newest = known(profile, now) if profile else None
            self._books[record.key] = introduced(self._books[record.key], newest)
            strange = newest is not None and newest.zone is None and profile is not None and profile.zone is not None
            self._outcomes["profile.unknown_zone" if strange else "profile.applied"] += 1

    def _on_feedback(self, record: Record, now: datetime) -> Iterator[Fact]:
        feedback = self._reading.report(record)
        if isinstance(feedback, Refused):
            yield self._refuse("feedback", feedback, topics.FEEDBACK, record)
            return
        key = feedback.user_id.encode()
        heard = hear(self._books[key], feedback, now)
        self._books[key] = heard.book
        if heard.send is not None and heard.harm is not None:
            self._governed.harmed(heard.send, heard.harm, now)
        self._outcomes[f"feedback.{heard.hearing}"] += 1
        yield from self._go_on(key, heard, now)

    def _go_on(self, key: bytes, heard: Heard, now: datetime) -> Iterator[Fact]:
        """The recall of a message that has just failed is judged again; whoever waits already is the newer one."""
        again = heard.send and heard.harm is Harm.FAILURE and judged_again(heard.book, heard.send)
        if not again:
            return
        held = self._books[key].held
        yield from self._judge(key, again, now, newer=held is not None)
        if held is not None:
            self._books[key] = waiting(self._books[key], held)

    def _refuse(self, kind: str, refused: Refused, topic: str, record: Record) -> Fact:
        self._outcomes.update((f"{kind}.rejected", f"reject.{refused.reason}"))
        return dead_letter(refused, topic, self._number, record)

    def _judge(self, key: bytes, candidate: Candidate, now: datetime, newer: bool = False) -> Iterator[Fact]:
        view = self._view(key, candidate, newer, now)
        settled = decide(candidate, view, now)
        self._books[key] = settled.book
        self.orders.affected.discard(key)
        self._count_decision(settled)
        yield fact_of(settled.decision)
        if settled.message is not None:
            self._asking.spend(settled.message.channel)
            for verdict in settled.decision.trace:
                if verdict.reason is Reason.NO_PROBE and verdict.channel is not None:
                    self._governed.missed(verdict.channel, self._policy.breaker.probes)
            self._governed.sent(settled.book.sends[0], view.needed(candidate, settled.message.channel).all)
            yield fact_of(settled.message)

    def _view(self, key: bytes, candidate: Candidate, newer: bool, now: datetime) -> View:
        user, book = key.decode(), self._books[key]
        treatment = self._treatments.choose(candidate.level, candidate.product, book.unhappy)
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
            board=self._asking.view(user),
            tokens=self._asking.tokens,
            queued=self._books.queue.in_line,
            standings=self._governed.standings,
            hours=self._hours,
            caps=self._caps,
            limits=self._limits,
            needs=treatment.needs,
            holdings=self._governed.holdings,
            paused=self.orders.paused(treatment.playbook.name, now) if treatment.playbook else None,
            writer=self._writer,
            texts={},
        )

    def _count_decision(self, settled: Settlement) -> None:
        decision = settled.decision
        self._outcomes[".".join(filter(None, ("decision", decision.outcome, decision.reason)))] += 1
        if settled.message is not None:
            self._outcomes[f"outbound.{settled.message.channel}"] += 1
