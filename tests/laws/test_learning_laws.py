"""What is true of learning: however a product's users are spread over partitions, they teach the same."""

from unittest.mock import patch

from hypothesis import Phase, given
from hypothesis import strategies as st

from schemas import topics
from schemas.population import PopulationDay
from schemas.warning import Warning
from streams.health import HealthPartition, open_health
from streams.health.days import day_of
from streams.health.learning import lesson, refit
from streams.health.learning.clock import Clock
from streams.health.learning.lesson import Lesson
from streams.health.learning.sums import CELLS, GROUPS, DaySums, Rhythms, merged
from streams.health.learning.told import day_message, sums_of
from streams.partitioner import Placement
from streams.role import Fact
from tests.cases import cases
from tests.laws.health_story import DAY, NOW, POLICY, Happening, Sent, logs, run, sent, towns

COUNT = st.integers(0, 10**12)


@st.composite
def sums(draw: st.DrawFn) -> DaySums:
    cells = st.lists(st.tuples(st.integers(0, CELLS - 1), COUNT), max_size=5)
    one = DaySums(active=draw(COUNT), expected=draw(COUNT), sampled=draw(COUNT))
    for place, count in draw(cells):
        one.exposure[place] += count
        one.returns[place] += count % 7
    one.lapses = draw(st.lists(COUNT, min_size=GROUPS, max_size=GROUPS))
    one.predicted = draw(st.lists(COUNT, min_size=GROUPS, max_size=GROUPS))
    one.rhythms = Rhythms(*draw(st.tuples(*[COUNT] * 6)))
    return one


@given(st.lists(sums(), min_size=1, max_size=5), st.randoms(use_true_random=False), st.integers(0, 5))
def test_sums_of_partitions_may_be_added_in_any_order_and_in_any_groups(
    parts: list[DaySums], random: object, cut: int
) -> None:
    whole, shuffled = merged(parts), list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    groups = [group for group in (shuffled[:cut], shuffled[cut:]) if group]
    assert merged([merged(group) for group in groups]) == whole


@given(sums(), st.integers(0, 30_000))
def test_sums_survive_being_told(one: DaySums, day: int) -> None:
    message = PopulationDay.decode(day_message("shop", 3, day, one).encode())
    assert (sums_of(message), day_of(message.day)) == (one, day)


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.55, 1.0]), min_size=1, max_size=60),
    st.integers(-5, 70),
    st.floats(0.01, 80),
)
def test_a_clock_names_the_first_day_on_which_so_much_time_has_passed(
    speeds: list[float], since: int, days: float
) -> None:
    """As if time ran in full from tomorrow on; a slower one makes the day early, never late."""
    clock = Clock()
    for number, speed in enumerate(speeds):
        clock.begin(1_000 + number, speed)
    since += 1_000
    found = clock.day_after(since, days)
    assert clock.elapsed(since, found) >= days - 1e-5
    assert found <= since or clock.elapsed(since, found - 1) < days


class Spread:
    """The partitions of a product, each hearing the others after every event."""

    def __init__(self, partitions: int) -> None:
        self.placement = Placement(partitions)
        self.tables: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
        self.parts: list[HealthPartition] = []
        self.said: list[Warning] = []
        for number, table in enumerate(self.tables):
            part = open_health(POLICY, self.placement)(number, table, None)
            assert isinstance(part, HealthPartition)
            self.parts.append(part)

    def happens(self, offset: int, one: Happening) -> None:
        record = sent(offset, one)
        self.exchange(self.placement.of(record.key), record)

    def heartbeat(self, offset: int, one: Happening) -> None:
        """An event without a meaning for every partition: its time goes on."""
        for number in range(len(self.parts)):
            user = next(f"beat{n}" for n in range(999) if self.placement.of(f"beat{n}".encode()) == number)
            self.exchange(number, sent(offset, one._replace(user=user)))

    def exchange(self, number: int, record: Sent) -> None:
        facts = [*self.parts[number].step(topics.EVENTS, [record], NOW), *self.parts[number].tick(NOW, True)]
        self.said += [Warning.decode(fact.value) for fact in facts if fact.topic == topics.WARNINGS and fact.value]
        told = [_Told(fact) for fact in facts if fact.topic == topics.POPULATION]
        for part in self.parts if told else ():
            part.hear(topics.POPULATION, told, NOW)

    def lessons(self, product: str) -> list[Lesson]:
        return [part._lanes[product].population._course.lesson for part in self.parts]


class _Told:
    def __init__(self, fact: Fact) -> None:
        self.offset, self.timestamp = 0, 0
        self.key, self.value, self.headers = fact.key, fact.value, fact.headers


HOUR, BEAT = 3_600, 120


def lived(log: list[Happening], partitions: int) -> Spread:
    """A log with a heartbeat every hour in every partition: all have begun a day before anything happens on it."""
    spread, product, first = Spread(partitions), log[0].product, log[0].at - log[0].at % DAY
    beats = [
        Happening(first + n * HOUR + BEAT, "", product, "nothing") for n in range(int((log[-1].at - first) / HOUR) + 72)
    ]
    later = [one._replace(at=one.at + (2 * BEAT if one.at % HOUR <= BEAT else 0)) for one in log]
    for offset, one in enumerate(sorted([*later, *beats])):
        (spread.happens if one.user else spread.heartbeat)(offset, one)
    return spread


@cases(8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(towns(), st.integers(2, 4))
def test_users_teach_the_same_however_they_are_spread_over_partitions(log: list[Happening], partitions: int) -> None:
    """The same lessons, exactly, in every partition as in a single one, and so the same warnings."""
    with patch.object(refit, "ENOUGH_USERS", 2):
        alone, spread = lived(log, 1), lived(log, partitions)
    product = log[0].product
    [lesson_] = alone.lessons(product)
    assert lesson_.day > 0
    for other in spread.lessons(product):
        assert other == lesson_
    assert sorted(w.id for w in spread.said) == sorted(w.id for w in alone.said)
    assert {w.id: w for w in spread.said} == {w.id: w for w in alone.said}


@cases(15)
@given(logs(), st.integers(1, 120))
def test_what_was_learned_is_known_again_after_opening_anew(log: list[Happening], cut: int) -> None:
    """Not only facts: lesson, clock, snapshots and open sums are the same as if nobody had closed."""
    with patch.object(refit, "ENOUGH_USERS", 2), patch.object(lesson, "SETTLED_DAYS", 5):
        whole, again = run(log), run(log, restarts=[min(cut, len(log) - 1)])
    for name in POLICY.products:
        mine, other = (one.partition._lanes[name].population for one in (whole, again))
        assert mine._course.lesson == other._course.lesson
        assert mine._course.clock == other._course.clock
        assert (mine._weeks, mine._open) == (other._weeks, other._open)
