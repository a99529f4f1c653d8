"""The oracle of a campaign: from the input topics alone, what must stand on every other one, against what does.

It imports nothing of ``streams`` or ``agents``: a fault in them cannot hide itself here.
"""

from tests.faults.book import Book, Stood
from tests.faults.findings import Findings
from tests.faults.oracle_counts import check_books, check_breakers, check_counts, check_leases, check_limits
from tests.faults.oracle_input import Input, Signed
from tests.faults.oracle_learning import POPULATION, Told
from tests.faults.oracle_lessons import check_course, check_jumps, check_lessons, check_sums, check_told
from tests.faults.oracle_messages import Messages, said
from tests.faults.oracle_orders import CONTROL, Obedience, Witness
from tests.faults.oracle_recalls import sound
from tests.faults.oracle_time import Time
from tests.faults.oracle_warnings import check_users, check_words
from tests.faults.rules import Rules
from tests.faults.state import courses, positions, steps

EVENTS = "app.events"
DEAD_LETTERS = "app.events-dlt"
HEALTH = ("churn.warnings", "churn.stages")
SIGNS = "churn.signs"
BY_ID = (*HEALTH, SIGNS, "churn.decisions", "churn.outbound", "churn.counts", "churn.breakers", "churn.leases")
SIGNED = ("user_id", "source", "event", "kind", "open_complaints")
INPUTS = {
    "health": (EVENTS,),
    "dispatcher": ("user.profiles", "churn.feedback", SIGNS, "churn.warnings"),
    "governor": ("churn.counts",),
}


class Oracle:
    """Judges a book; ``changelogs`` names the topic of each role, ``partitions`` counts those of a keyed topic."""

    def __init__(self, book: Book, changelogs: dict[str, str], partitions: int, witness: Witness) -> None:
        self.book, self._changelogs, self._partitions = book, changelogs, partitions
        self._witness = witness
        self._rules = Rules()

    def unfinished(self) -> list[str]:
        """Partitions that have not come to the end of their input; where there are none, candidates without an end."""
        behind = [f"{place} stands at {position}" for place, position in self.behind().items()]
        return behind or Messages(self._rules, self.book).open()

    def behind(self) -> dict[str, int]:
        """The positions of partitions that have not come to the end of their input, by role, number and topic."""
        return {
            f"{role}[{number}] of {topic}": position
            for role, topics in INPUTS.items()
            for number in range(1 if role == "governor" else self._partitions)
            for topic in topics
            if (position := positions(self.book, self._changelogs[role], number).get(topic, 0))
            < self.book.end(topic, number)
        }

    def judge(self) -> tuple[Findings, dict[str, int]]:
        """Everything that is not as it must be, and how much there was to compare."""
        book, findings = self.book, Findings(stuck=self.unfinished())
        truth = self._learned(findings)
        for topic in BY_ID:
            findings.once(topic, map(ce_id, book.read(topic)))
        findings.compare("dead letter", self._refused(truth), map(source, book.read(DEAD_LETTERS)))
        signs = [sign for each in truth.histories.values() for sign in each.signs]
        findings.compare("sign", signs, (Signed(*(each[name] for name in SIGNED)) for each in said(book.read(SIGNS))))
        warnings, stages = check_words(book, truth, findings)
        check_users(book, truth, self._changelogs["health"], self._partitions, findings)
        Messages(self._rules, book).check(findings)
        obedience = Obedience(book, self._changelogs, self._partitions)
        obedience.check(self._witness, findings)
        check_counts(book, findings)
        check_leases(book, self._rules.probes, findings)
        check_limits(book, self._rules, findings)
        check_books(book, self._changelogs["dispatcher"], self._partitions, findings)
        check_breakers(book, findings)
        sizes = {name: len(book.read(topic)) for name, topic in SIZES.items()} | learning_of(truth)
        return findings, {
            "users": len(truth.histories),
            "expected_warnings": warnings,
            "expected_stages": stages,
            "ordered": obedience.ordered,
            **sizes,
        }

    def _learned(self, findings: Findings) -> Input:
        """What the input says, under the time and the lessons that follow from it and from what was told."""
        book, changelog, products = self.book, self._changelogs["health"], self._rules.products
        told = {name: Told(name, book.read(POPULATION), self._partitions) for name in products}
        lessons = {name: told[name].lessons(product.horizon) for name, product in products.items()}
        truth = Input(
            self._rules,
            book.read(EVENTS),
            {n: list(steps(book, changelog, n, EVENTS, POPULATION)) for n in range(self._partitions)},
            lambda name, number: Time(products[name], number, told[name], lessons[name]),
        )
        findings.wrong += truth.back
        check_told(book.read(POPULATION), findings)
        for name in products:
            check_jumps(told[name], truth.jumps, findings)
            found = {n: courses(book, changelog, n, name) for n in range(self._partitions)}
            check_lessons(name, (course for each in found.values() for course in each), lessons[name], findings)
            for number, each in found.items():
                check_sums(told[name], number, truth.times[name, number], findings)
                check_course(f"{name} in partition {number}", truth.times[name, number], each, findings)
        return truth

    def _refused(self, truth: Input) -> list[tuple[str, int, int]]:
        others = [*self.book.read("user.profiles"), *self.book.read("churn.feedback")]
        bad = [r for r in others if not sound(r) and (r.value is not None or r.topic == "churn.feedback")]
        return truth.rejected + [(record.topic, record.partition, record.offset) for record in bad]


def learning_of(truth: Input) -> dict[str, int]:
    """How much there was to learn, over all products and partitions: a campaign in which nothing is, proves nothing."""
    times = truth.times.values()
    return {
        "days": sum(len(time.known_by) for time in times),
        "slow_days": sum(0 < speed < 1 for time in times for speed in time.world.speeds.values()),
        "still_days": sum(speed == 0 for time in times for speed in time.world.speeds.values()),
        "held_days": sum(len(time.held) for time in times),
        "snapshots": len({taught.name for each in truth.histories.values() for taught in each.life.with_.values()}),
        "followed": len(truth.jumps),
    }


SIZES = {
    "warnings": "churn.warnings",
    "stages": "churn.stages",
    "signs": SIGNS,
    "decisions": "churn.decisions",
    "outbound": "churn.outbound",
    "feedback": "churn.feedback",
    "dead_letters": DEAD_LETTERS,
    "breaker_moves": "churn.breakers",
    "orders": CONTROL,
    "leases": "churn.leases",
}


def ce_id(record: Stood) -> str:
    """The deterministic id that a record carries."""
    return next(value.decode() for name, value in record.headers if name == "ce_id")


def source(letter: Stood) -> tuple[str, int, int]:
    """Where the record of a dead letter stood."""
    headers = {name: value.decode() for name, value in letter.headers}
    place = headers["churn-dlt-topic"], headers["churn-dlt-partition"], headers["churn-dlt-offset"]
    return place[0], int(place[1]), int(place[2])
