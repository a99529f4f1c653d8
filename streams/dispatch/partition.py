"""One partition of the dispatcher: warnings, signs, profiles and feedback in; decisions, messages and counts out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from schemas import topics
from schemas.decision import Decision, Reason
from schemas.feedback import Feedback
from schemas.policy import Policy
from schemas.profile import Profile
from schemas.reject import RejectReason
from schemas.sign import Sign
from schemas.warning import Level, Warning
from streams.board import BoardQuestion, BoardView
from streams.codec import UnprocessableRecord, read_own
from streams.dead_letter import dead_letter
from streams.dispatch.asking import Asking
from streams.dispatch.book import Book, Candidate, introduced, returned, unjudged
from streams.dispatch.books import Books
from streams.dispatch.copy.writer import Copywriter
from streams.dispatch.desk import candidate_of, decide, given_up, lifeless
from streams.dispatch.gate.paused import paused_by
from streams.dispatch.governed import MEMOS, Governed
from streams.dispatch.incoming import RESERVED, Refused, read
from streams.dispatch.known import known
from streams.dispatch.orders import Orders
from streams.dispatch.recall import judged_again
from streams.dispatch.report import OBEYED_IN_PART, Harm, Heard, hear, obeyed
from streams.dispatch.signs import told, witnessed
from streams.dispatch.views import Views
from streams.partitioner import MISPLACED, Placement, home
from streams.role import Fact, Record, Settled, Table, fact_of, work_for

JUDGED: Final = 500
"""Judgements of a transaction at most: a quarter of a second, so that an order is obeyed within one (G6)."""


class Dispatcher:
    """A :class:`streams.role.Partition`: every candidate is sent once, held or dropped, and each judgement is told.

    ``placement`` says which users are this partition's, for orders are heard by all.
    """

    def __init__(
        self, policy: Policy, writer: Copywriter, number: int, table: Table, memo: bytes | None, placement: Placement
    ) -> None:
        self._policy = policy
        self._number = number
        self._books = Books(table)
        self._governed = Governed() if memo is None else MEMOS.unpack(number, memo)
        self._home = home(placement, number)
        self.orders = Orders(self._governed.orders, self._books, self._home)
        self._views = Views(policy, writer, self._governed, self.orders, self._books.queue)
        self._asking = Asking()
        self._judged: list[bytes] = []
        self._outcomes: Counter[str] = Counter()
        self._absorb: dict[str, Callable[[Record, datetime], Iterable[Fact]]] = {
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
        if held is None or not self._governed.wants(self._books.queue, self._views.limits, probes):
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

    def step(self, topic: str, records: Sequence[Record], now: datetime) -> Iterable[Fact]:
        """Absorb warnings, signs, profiles or feedback in their order; only what needs no board is decided here."""
        absorb = self._absorb[topic]
        return [fact for record in records for fact in absorb(record, now)]

    def question(self, now: datetime, *, due: bool, behind: int, most: int | None = None) -> BoardQuestion | None:
        """Choose who is judged, in the order of their warnings; ask for their contacts, and a token on each channel."""
        if due:
            self._books.judge(self._books.queue.due(now, lambda resource: self._room(resource, now)))
        self._books.judge(sorted(self.orders.affected))
        self.orders.affected.clear()
        self._judged = self._books.pending.ripe(behind, JUDGED if most is None else min(most, JUDGED))
        self._asking = Asking()
        for key in self._judged:
            self._ask(key)
        return self._asking.question()

    def judge(self, answer: object | None, now: datetime) -> Iterable[Fact]:
        """Judge them; without an ``answer`` the board counts as away."""
        if answer is not None:
            assert isinstance(answer, BoardView), f"a dispatcher takes a BoardView, not {type(answer)}"
            self._asking.answered(answer)
        return [fact for key in self._judged for fact in self._judged_for(key, now)]

    def tick(self, now: datetime, caught_up: bool = True) -> Iterable[Fact]:
        """Orders that are over are lifted, and the governor receives what was counted."""
        self.orders.expire(now)
        probes = self._policy.breaker.probes
        report = self._governed.report(self._number, self._books.queue, self._views.limits, probes, now)
        return [] if report is None else [fact_of(report, partition=0)]

    def settle(self) -> Settled:
        """Everything that changed; the board's answer ends here."""
        self._asking = Asking()
        return Settled(self._books.settle(), MEMOS.pack(self._governed), self._books.pending.left)

    def refuse(self, topic: str, record: Record, cause: Exception, now: datetime) -> Iterable[Fact]:
        """The record goes to the dead letters, an operator's word by partition 0; a warning's candidate is dropped.

        The record may have been a no of its user: nothing more is sent to them until an operator suppresses the user
        and lifts that. The governor's words are of all users, and never left out.
        """
        if topic in (topics.BREAKERS, topics.LEASES):
            raise UnprocessableRecord(topic, record.offset, cause) from cause
        if topic == topics.CONTROL:
            facts = [] if self._number else [self._letter(topic, record, cause)]
            return facts + self._set_aside(self.orders.target(record), cause, now)
        facts = [self._letter(topic, record, cause), *self._set_aside(record.key, cause, now)]
        if topic == topics.WARNINGS and (warning := read_own(Warning, record)).level is not Level.RECOVERED:
            facts += self._give_up(warning.user_id, lifeless(warning, now), cause, now)
        return facts

    def _set_aside(self, user: bytes | None, cause: Exception, now: datetime) -> list[Fact]:
        """Nothing is sent to the user from now on, if the key of a record names one of ours."""
        if not user or user.startswith(RESERVED) or user.decode(errors="ignore").encode() != user:
            return []
        facts = list(self.put_aside(user, cause, 0, now))
        self._books[user] = replace(self._books[user], aside=now)
        return facts

    def put_aside(self, user: bytes, cause: Exception, time: int, now: datetime) -> Iterable[Fact]:
        """The user's candidate is dropped; nothing else that is known of them is lost."""
        held = self._books[user].held
        if held is None:
            return []
        self._books[user] = replace(self._books[user], held=None)
        return self._give_up(user.decode(), held, cause, now)

    def _give_up(self, user: str, candidate: Candidate, cause: Exception, now: datetime) -> list[Fact]:
        decision = given_up(candidate, user, cause, self._policy, now)
        self._count_decision(decision)
        return [fact_of(decision)]

    def _letter(self, topic: str, record: Record, cause: Exception) -> Fact:
        self._outcomes[f"reject.{RejectReason.UNPROCESSABLE}"] += 1
        return dead_letter(record, topic, self._number, RejectReason.UNPROCESSABLE, repr(cause))

    def _ask(self, key: bytes) -> None:
        with work_for(key):
            self._asking.about(key.decode(), self._views.treatment(self._held(key), self._books[key]).channels)

    def _judged_for(self, key: bytes, now: datetime) -> list[Fact]:
        with work_for(key):
            return list(self._judge(key, self._held(key), now))

    def _held(self, key: bytes) -> Candidate:
        held = self._books[key].held
        assert held is not None, "only who waits is judged"
        return held

    def _room(self, resource: str, now: datetime) -> int | None:
        """How much of what candidates wait for may be used now; None where nothing limits it."""
        playbook = paused_by(resource)
        if playbook is None:
            return self._governed.room(resource, self._views.limits, now)
        return 0 if self.orders.paused(playbook, now) else None

    def _on_warning(self, record: Record, now: datetime) -> Iterator[Fact]:
        """A warning becomes the user's candidate, and an earlier one is dropped; a return overtakes its own."""
        warning = read_own(Warning, record)
        key = warning.user_id.encode()
        self._felt(key, witnessed(self._books[key], warning))
        if warning.level is Level.RECOVERED:
            yield from self._recovered(key, warning.episode, now)
            return
        if held := self._books[key].held:
            yield from self._judge(key, held, now, newer=True)
        candidate = candidate_of(warning, record.offset, self._policy, now)
        self._books[key] = unjudged(self._books[key], candidate, now)

    def _on_sign(self, record: Record, now: datetime) -> Iterable[Fact]:
        sign = read_own(Sign, record)
        key = sign.user_id.encode()
        self._felt(key, told(self._books[key], sign, now))
        return ()

    def _felt(self, key: bytes, book: Book) -> None:
        """Who waits is judged again where the user has become unhappy, or is it no longer."""
        before = self._books[key]
        if book is not before:
            self._books[key] = book
        if book.unhappy != before.unhappy:
            self._books.judge([key])

    def _recovered(self, key: bytes, episode: str, now: datetime) -> Iterator[Fact]:
        """The episode is over: who waits because of it is overtaken."""
        closes = now + timedelta(days=self._policy.dispatch.return_cooldown_days)
        book = self._books[key] = returned(self._books[key], episode, closes)
        if book.held is not None and book.held.episode == episode:
            yield from self._judge(key, book.held, now)

    def _on_profile(self, record: Record, now: datetime) -> Iterator[Fact]:
        profile: Profile | Refused | None = None
        if record.value is not None or record.key is None:
            profile = read(Profile, record, self._policy.intake.max_bytes)
        if record.key is not None and profile is None and record.key.startswith(RESERVED):
            profile = Refused(RejectReason.WRONG_TYPE, "the key begins with a NUL, which is reserved; send another id")
        profile = self._misplaced(record) or profile
        if isinstance(profile, Refused):
            yield self._refuse("profile", profile, topics.PROFILES, record, now)
        elif record.key is not None:
            newest = known(profile, now) if profile else None
            self._books[record.key] = introduced(self._books[record.key], newest)
            strange = newest is not None and newest.zone is None and profile is not None and profile.zone is not None
            self._outcomes["profile.unknown_zone" if strange else "profile.applied"] += 1

    def _on_feedback(self, record: Record, now: datetime) -> Iterator[Fact]:
        feedback = self._misplaced(record) or read(Feedback, record, self._policy.intake.max_bytes)
        if isinstance(feedback, Refused):
            yield self._refuse("feedback", feedback, topics.FEEDBACK, record, now)
            return
        key = feedback.user_id.encode()
        heard = hear(self._books[key], feedback, now)
        self._books[key] = heard.book
        if heard.send is not None and heard.harm is not None:
            self._governed.harmed(heard.send, heard.harm, now)
        self._outcomes[f"feedback.{heard.hearing}"] += 1
        yield from self._go_on(key, heard, now)

    def _misplaced(self, record: Record) -> Refused | None:
        """Why a record of another partition's user is refused: nobody there would ever know what it says."""
        if record.key is None or self._home(record.key):
            return None
        return Refused(RejectReason.WRONG_PARTITION, f"the key {MISPLACED}")

    def _go_on(self, key: bytes, heard: Heard, now: datetime) -> Iterable[Fact]:
        """The recall of a message that has just failed is judged again; a candidate that waits already is newer."""
        again = heard.send and heard.harm is Harm.FAILURE and judged_again(heard.book, heard.send)
        if not again:
            return
        held = self._books[key].held
        if held is None:
            self._books[key] = unjudged(heard.book, again, now)
            return
        yield from self._judge(key, again, now, newer=True)
        self._books[key] = replace(self._books[key], held=held)

    def _refuse(self, kind: str, refused: Refused, topic: str, record: Record, now: datetime) -> Fact:
        """The record becomes a letter; what it takes back is taken back."""
        outcome = OBEYED_IN_PART if refused.obeyed.names else "rejected"
        self._outcomes.update((f"{kind}.{outcome}", f"reject.{refused.reason}"))
        if refused.obeyed.names and record.key is not None:
            self._books[record.key] = obeyed(self._books[record.key], refused.obeyed, now)
        return dead_letter(record, topic, self._number, refused.reason, refused.detail, refused.obeyed.names)

    def _judge(self, key: bytes, candidate: Candidate, now: datetime, newer: bool = False) -> Iterator[Fact]:
        view = self._views.of(key.decode(), self._books[key], candidate, self._asking, now, newer=newer)
        settled = decide(candidate, view, now)
        self._books[key] = settled.book
        self._count_decision(settled.decision)
        yield fact_of(settled.decision)
        if settled.message is not None:
            self._outcomes[f"outbound.{settled.message.channel}"] += 1
            self._asking.spend(settled.message.channel)
            for verdict in settled.decision.trace:
                if verdict.reason is Reason.NO_PROBE and verdict.channel is not None:
                    self._governed.missed(verdict.channel, self._policy.breaker.probes)
            self._governed.sent(settled.book.sends[0], view.needed(candidate, settled.message.channel).all)
            yield fact_of(settled.message)

    def _count_decision(self, decision: Decision) -> None:
        self._outcomes[".".join(filter(None, ("decision", decision.outcome, decision.reason)))] += 1
