"""Logs as apps write them, tidy and untidy, and a partition of the health role to read them: words of its laws."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

from agents.batches.transaction import apply, begin, finish
from schemas.policy import Life, Lives, Policy, Product, Role, Weights
from schemas.stage import StageChange
from schemas.topics import STAGES, WARNINGS
from schemas.warning import Warning
from streams.health import HealthPartition, open_health
from streams.health.learning.book import reserved
from streams.health.state import State, unpack
from streams.role import Fact
from tests.cases import cases

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
POLICY = Policy(
    name="laws",
    products={
        "default": Product(),
        "shop": Product(zone="Asia/Shanghai"),
        "tool": Product(horizon_days=7, zone="America/New_York"),
        "car": Product(horizon_days=120, zone="Australia/Lord_Howe"),
        "rated": Product(activity=(Role.SESSION, Role.SCORE)),
        "game": Product(
            horizon_days=14,
            life=Lives(
                new=Life(horizon_days=3, weights=Weights(bad_experience=3.0)),
                growing=Life(horizon_days=60, weights=Weights(use_trend=0.0, bad_experience=0.5)),
                settled=Life(weights=Weights(use_trend=2.0, depth_of_use=5.0, bad_experience=0.0)),
            ),
        ),
    },
    events={
        "visit": Role.SESSION,
        "order": Role.PURCHASE,
        "complain": Role.COMPLAINT_OPENED,
        "resolve": Role.COMPLAINT_RESOLVED,
        "rate": Role.SCORE,
    },
)
STARTS = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC), datetime(2025, 12, 28, tzinfo=UTC)]
"""Shortly before clocks go forward, before they go back, and before the year's end."""


class Happening(NamedTuple):
    """One event of one user; a log is a list of them."""

    at: float
    user: str
    product: str
    type: str
    id: str = ""


class Sent(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def sent(offset: int, one: Happening) -> Sent:
    body: dict[str, Any] = {
        "id": one.id or str(offset),
        "source": "laws",
        "type": one.type,
        "time": datetime.fromtimestamp(one.at, UTC).isoformat(),
        "user_id": one.user,
        "product": one.product,
        "properties": {"score": 1},
    }
    return Sent(offset, int(one.at * 1000), one.user.encode(), json.dumps(body).encode())


class Run:
    """A partition over a dict for a table; it may be cut into batches and opened anew anywhere."""

    def __init__(self) -> None:
        self.table: dict[bytes, bytes] = {}
        self.memo: bytes | None = None
        self.facts: list[Fact] = []
        self.ticked: list[Fact] = []
        """What ticks say: which sums nobody needs any more."""
        self.tally: dict[str, int] = {}
        self.partition = self.opened()

    def opened(self) -> HealthPartition:
        partition = open_health(POLICY)(0, self.table, self.memo)
        assert isinstance(partition, HealthPartition)
        return partition

    def work(self, records: Sequence[Sent]) -> None:
        """One transaction with a tick."""
        begun = begin(self.partition, {}, [("app.events", records)], NOW)
        self.facts += begun.facts
        absorbed = len(begun.facts)
        facts, settled = finish(self.partition, begun, None, NOW)
        self.ticked += facts[absorbed:]
        apply(self.table, settled.writes)
        self.memo = settled.memo
        for outcome, count in self.partition.tally().items():
            self.tally[outcome] = self.tally.get(outcome, 0) + count

    def restart(self) -> None:
        self.partition = self.opened()

    def said(self) -> list[Warning | StageChange]:
        """Warnings and changes of stage, in the order in which they were said."""
        kinds: dict[str, type[Warning | StageChange]] = {WARNINGS: Warning, STAGES: StageChange}
        return [kinds[fact.topic].decode(fact.value) for fact in self.facts if fact.topic in kinds and fact.value]

    def warnings(self) -> list[Warning]:
        return [Warning.decode(fact.value) for fact in self.facts if fact.topic == WARNINGS and fact.value]


def run(log: Iterable[Happening], cuts: Iterable[int] = (), restarts: Iterable[int] = ()) -> Run:
    records, one = [sent(offset, happening) for offset, happening in enumerate(log)], Run()
    for first, until in pairwise(sorted({0, *cuts, *restarts, len(records)})):
        one.work(records[first:until])
        if until in set(restarts):
            one.restart()
    return one


def read(one: Run) -> dict[bytes, State]:
    """States, without the due times: those may be early, and how early does depend on the cuts."""
    return {key: unpack(key, record) for key, record in one.table.items() if not reserved(key)}


GAPS = st.one_of(
    st.sampled_from([0, 0, 1, 1, 1, 2, 6, 7, 7, 8, 13, 14, 15, 27, 28, 29, 35]),
    st.integers(0, 12),
    st.integers(30, 250),
)
SECOND = st.one_of(st.sampled_from([0, 1, 59, 3_600, DAY - 1]), st.integers(0, DAY - 1))
PRODUCTS = st.sampled_from(["shop", "tool", "game", "game", "car", "default", "unlisted", "ünlisted-2"])


@st.composite
def lives(draw: st.DrawFn) -> list[Happening]:
    """One user's visits in one product: perhaps a busy past, a rhythm that may break, days of all sizes, complaints."""
    user, product = draw(st.sampled_from(["a", "b", "用户", "u-17", "x" * 40])), draw(PRODUCTS)
    at = draw(st.sampled_from(STARTS)).timestamp() + draw(st.integers(0, 20)) * DAY
    usual, log = draw(st.sampled_from([1, 1, 2, 7, 14, 30])), list[Happening]()
    for _ in range(draw(st.sampled_from([0, 0, 0, 20]))):
        at += DAY
        log += [Happening(at + 36_000 + n, user, product, "visit") for n in range(6)]
    for _ in range(draw(st.integers(2, 10))):
        at += draw(st.one_of(st.just(usual), GAPS)) * DAY
        moment = at - at % DAY + draw(SECOND)
        log += [
            Happening(moment + n, user, product, "visit") for n in range(draw(st.sampled_from([1, 1, 1, 2, 3, 40])))
        ]
        if draw(st.integers(0, 4)) == 0:
            log.append(Happening(moment + draw(st.integers(-1, 1)), user, product, "order"))
        if draw(st.integers(0, 5)) == 0:
            later = moment + draw(st.integers(0, 9 * DAY))
            log.append(Happening(later, user, product, draw(st.sampled_from(["complain", "rate"]))))
            if draw(st.booleans()):
                log.append(Happening(later + draw(st.integers(0, 40 * DAY)), user, product, "resolve"))
    return log


@st.composite
def logs(draw: st.DrawFn) -> list[Happening]:
    """Several lives in order of time, and somebody in each product whose events carry time on to the end."""
    log = [one for life in draw(st.lists(lives(), min_size=1, max_size=4)) for one in life]
    end = max(one.at for one in log) + draw(st.sampled_from([0, 1, 20, 40, 130])) * DAY + draw(SECOND)
    log += [Happening(end, "zed", product, "visit") for product in ("shop", "tool", "game", "car", "default")]
    return sorted(log)


@st.composite
def towns(draw: st.DrawFn) -> list[Happening]:
    """A few users with rhythms over months, some of whom leave; quiet weeks that slow time down; complaints."""
    product = draw(st.sampled_from(["shop", "tool", "game"]))
    start, days = draw(st.sampled_from(STARTS)).timestamp(), draw(st.sampled_from([50, 90]))
    quiet = draw(st.integers(28, days))
    away = range(quiet, quiet + draw(st.sampled_from([0, 0, 3, 10, 20])))
    log = list[Happening]()
    for number in range(draw(st.integers(3, 8))):
        gap, leaves = draw(st.sampled_from([1, 1, 2, 3, 5, 9])), draw(st.sampled_from([days, days, days // 2, 40]))
        loyal = draw(st.booleans())
        for day in range(draw(st.integers(0, 9)), leaves, gap):
            if day not in away or loyal:
                at = start + day * DAY + draw(SECOND)
                log += [Happening(at + n, f"u{number}", product, "visit") for n in range(draw(st.integers(1, 2)))]
                if draw(st.integers(0, 15)) == 0:
                    log.append(Happening(at + 60, f"u{number}", product, "complain"))
    log += [Happening(start + day * DAY + draw(SECOND), "watchman", product, "nothing") for day in range(days)]
    return sorted(log)


COMMON = cases(15)


@st.composite
def untidy(draw: st.DrawFn) -> list[Happening]:
    """A log as it really comes: some events out of order, late by up to two days, some twice, some of no meaning."""
    log = draw(logs())
    for place in draw(st.lists(st.integers(0, len(log) - 1), max_size=8)):
        moved = log[place]._replace(
            at=log[place].at - draw(st.sampled_from([30, 61, 3_600, DAY, 2 * DAY])), id=f"late{place}"
        )
        log.insert(place, moved)
        if draw(st.booleans()):
            log.insert(place + 1, moved)
    return log
