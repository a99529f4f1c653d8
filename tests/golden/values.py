"""A value of every kind of record we keep, with every field filled: what the goldens are bytes of.

A test holds that no field has its default, so a new field must be filled here, too.
"""

from datetime import UTC, date, datetime, timedelta

from agents.batches.ledger import Ledger
from schemas.base import Message
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.counts import Counts, Draw, Tally
from schemas.decision import Call, Decision, Outcome, Reason, Verdict
from schemas.lease import Lease
from schemas.message_class import MessageClass
from schemas.outbound import Outbound
from schemas.population import PopulationDay, PopulationMark
from schemas.sign import Sign, SignKind
from schemas.stage import StageChange
from schemas.warning import Component, Evidence, Level, Stage, Warning
from streams.control import Order
from streams.dispatch.book import Book, Candidate, Complaints, Recall, Send
from streams.dispatch.counts import Drawn, Row, Tallies
from streams.dispatch.governed import Governed
from streams.dispatch.holding import Holding
from streams.dispatch.known import Known, Word, Worth
from streams.dispatch.standing import Standing
from streams.govern.account import Account, Wish
from streams.govern.pulse import Pulse
from streams.govern.watch import Minute, Round, Watch
from streams.health.index.curve import BINS, Curve
from streams.health.index.snapshot import Snapshot
from streams.health.learning.book import Course, Serving
from streams.health.learning.clock import Clock
from streams.health.learning.heard import Mark
from streams.health.learning.lesson import Lesson
from streams.health.learning.sums import CELLS, DaySums, Rhythms
from streams.health.pace import Pace
from streams.health.partition import Memo
from streams.health.rejects import Kept
from streams.health.state import State
from streams.limits import Need

T0 = datetime(2026, 3, 2, 10, 20, 30, 456_789, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUE = 1_760_000_000
"""The due time in the head of the health role's record of a user."""

STATE = State(
    first=20_000, last=20_051, repeats=17, count=12.5, exposure=44.25, recent_count=7.5, recent_exposure=21.75,
    week=20_044, baseline=81.125, depth_fast=1.5, depth_slow=1.25, today=3, negatives=0.5, negatives_since=0.75,
    complaints=[11, 2**32 - 1], armed=0b101, spoken=2, risk_day=20_040, critical_day=20_010, asked_day=20_030,
    asked=123_456, asked_flags=0b1010, seen=bytes(range(16)), window=bytes(range(56)), watch_day=20_041, since=20_030,
    said=1_750_000_000, alarms=0b011, disarmed=0b010, key_day=20_050, stage=2, returned_day=20_020, asked_until=20_058,
    key_days=0b1001, unhappy_day=20_049, unhappy_days=0b11, gone=1_750_000_100, gone_from=77,
)  # fmt: skip
_CURVE = Curve(tuple(1 / (2 + n) for n in range(BINS)), tuple(n / 4 for n in range(BINS)))
SNAPSHOT = Snapshot("2025-12-07", 20_429, 1.25, 12.5, 0.975, (_CURVE,) * 3, (0.125, 0.25, 0.375))
SUMS = DaySums(
    exposure=[n * 1_000_003 for n in range(1, CELLS + 1)], returns=list(range(1, CELLS + 1)), active=5, expected=7,
    lapses=[1, 2, 3, 4], predicted=[5, 6, 7, 8], rhythms=Rhythms(1, 2, 3, 4, 5, 6), sampled=9,
)  # fmt: skip
LESSON = Lesson(
    day=20_450, first=20_400, exposure=tuple(n / 8 for n in range(1, CELLS + 1)),
    returns=tuple(n / 2 for n in range(1, CELLS + 1)), seen=(1, 2, 3), lapses=(0.5, 1.5, 2.5, 3.5),
    predicted=(4.5, 5.5, 6.5, 7.5), recent=((3, 4), (5, 6)), usual=0.875, season=0.9, speed=0.8, threshold=2**31,
    warming_up=False, snapshot=SNAPSHOT,
)  # fmt: skip
COURSE = Course(Clock(20_400, [0.0, 1.0, 1.5]), LESSON, Serving(20_449, 0.75, 2**30, False, 20_429), 20_440, True)
HEALTH_MEMO = Memo(
    {"default": Pace(1_750_000_000, 12.5, 400.25), "shop": Pace(1, 2.0, 3.0)}, Kept(400, 100, True, True)
)

_NEEDS = (Need("budget", 50_000), Need("volume/hour", 1))
CANDIDATE = Candidate(
    warning="w-2", level=Level.CRITICAL, episode="e-1", product="shop", stage=Stage.LAPSED, since=T0,
    expires=T0 + 72 * HOUR, number=3, unknown_since=T0 + HOUR, until=T0 + 2 * HOUR, reason=Reason.BUDGET,
    channel=Channel.SMS, waits=_NEEDS[:1], takes=_NEEDS, offset=17,
)  # fmt: skip
_WORTH = Worth("gold", "south", 2, 120.5, 300.25, 12.5, 4, 3)
BOOK = Book(
    profile=Known(
        T0, (Channel.PUSH, Channel.SMS), (Channel.SMS,), "Asia/Shanghai", ("22:00", "08:00"), T0 + HOUR, "zh-CN", _WORTH
    ),
    words={Channel.PUSH: Word(T0, True), Channel.EMAIL: Word(T0, False)},
    recall=Recall("r-1", "e-1", Stage.AT_RISK, T0, (Channel.PUSH, Channel.SMS), CANDIDATE, T0 + 240 * HOUR),
    sends=(Send(b"abcdefgh", Channel.PUSH, T0, 2, 0b1001_0110, MessageClass.CARE, False),),
    held=CANDIDATE,
    returned=(b"12345678",),
    silenced=Order(T0, T0 + HOUR),
    suppressed=Order(T0 + HOUR, T0 + 2 * HOUR),
    complaints={"shop": Complaints(2, T0)},
    removed={"shop": T0},
    aggrieved=T0,
    complained=T0 + HOUR,
    aside=T0 + 2 * HOUR,
)
DISPATCHER_MEMO = Governed(
    standings={Channel.SMS: Standing(BreakerState.HALF_OPEN, 3, T0, T0 + HOUR)},
    holdings={"budget": Holding(1, 900, 300, 1_200, 9, 1_000, T0, 2, T0 + HOUR)},
    tallies=Tallies(
        7, T0, {"29540780/sms/3": Row(29_540_780, Channel.SMS, 3, 4, 1, 2)},
        {"29540780/budget/1": Drawn(29_540_780, "budget", 1, 50, 60)},
    ),
    orders={"pause/*": Order(T0, T0 + HOUR)},
)  # fmt: skip

ACCOUNT = Account(2, 40, {0: 100, 3: 7}, {0: Wish(120, 5)}, {29_540_780: 60})
PULSE = Pulse(492_346, 40, 31.5, T0, T0 + HOUR)
WATCH = Watch(
    T0, BreakerState.HALF_OPEN, 9, 3, {29_540_780: Minute(40, 2, 1)}, Round(T0, Minute(5, 1, 2)), T0, 30, T0 + HOUR,
    T0 + 2 * HOUR, BreakerState.OPEN, T0 + 3 * HOUR,
)  # fmt: skip
LEDGER = Ledger(12, 1_760_000_000_123, {"app.events": 5_000_000_000}, {"churn.control": 3}, b"\x01memo")

_USER = {"user_id": "u1", "product": "shop", "at": T0, "policy_hash": "0123456789ab"}
MESSAGES: tuple[Message, ...] = (
    Warning(
        id="e-1/critical", level=Level.RECOVERED, episode="e-1", index=48_700,
        parts=dict(zip(Component, (10_000, 31_300, 10_000, 0, 0), strict=True)), threshold=50_000,
        rules=("level", "shock"),
        evidence=Evidence(
            last_occasion=date(2026, 2, 1), silent_days=29.0, usual_gap_days=4.2, repeats=12, active_days_7=1,
            active_days_28=2, events_28=3, open_complaints=4, reach=0.51, horizon_days=28, key_days_28=5,
            unhappy_days_28=6, baseline=80_000, surprise=2.5, use=0.75,
        ),
        stage=Stage.AT_RISK, clears_when="the user returns", cause="returned", clears="e-1/risk", snapshot="start",
        warming_up=True, **_USER,
    ),
    StageChange(id="u1/s", before=Stage.HEALTHY, to=Stage.AT_RISK, episode="e-1", **_USER),
    Sign(
        id="s1", kind=SignKind.COMPLAINT_OPENED, source="shop", event="ev-1", channel=Channel.SMS, open_complaints=2,
        **_USER,
    ),
    Decision(
        id="d1", number=2, warning="e-1/critical", level="critical", episode="e-1", recall="r-1", playbook="gift",
        outcome=Outcome.HELD, reason=Reason.BUDGET, channel=Channel.SMS, message="m1", earliest=T0 + HOUR,
        expires=T0 + 72 * HOUR,
        trace=(
            Verdict(stage="expiry", call=Call.PASS),
            Verdict(
                stage="lease", call=Call.HOLD, channel=Channel.SMS, reason=Reason.BUDGET, detail="0 of 50000", until=T0
            ),
        ),
        **_USER,
    ),
    Outbound(
        id="m1", recall="r-1", number=2, episode="e-1", stage="at_risk", warning="e-1/critical", channel=Channel.SMS,
        playbook="gift", message_class=MessageClass.CARE, template="gift", parameters={"days": "7", "gifts": [1, None]},
        locale="zh", subject="礼物", content="7天内打开", segments=1, link="https://shop.example/g", cost=0.05,
        priority=3, expires=T0 + 72 * HOUR, **_USER,
    ),
    Breaker(
        channel=Channel.SMS, state=BreakerState.SHADOW, number=9, round=3, since=T0, until=T0 + HOUR,
        would=BreakerState.OPEN, cause="tripped: 3 of 20",
    ),
    Lease(resource="budget/gift", partition=3, round=2, granted=900, reserve=9, at=T0),
    Counts(
        partition=3, number=7, at=T0,
        tallies=(Tally(minute=29_540_780, channel=Channel.SMS, round=3, sends=4, complaints=1, failures=2),),
        draws=(Draw(minute=29_540_780, resource="budget", round=1, spent=50, returned=60),), wants={"budget": 1_200},
        least={"budget": 50},
    ),
    PopulationDay(
        product="shop", partition=1, day=date(2026, 3, 1), exposure=(1, 2), returns=(3, 4), active=5, expected=6,
        lapses=(7, 8), predicted=(9, 10), rhythms=(1, 2, 3, 4, 5, 6), sampled=11,
    ),
    PopulationMark(
        product="shop", partition=1, watermark=T0, first=date(2026, 1, 1), learned=date(2026, 2, 28), idle=True
    ),
)  # fmt: skip
MARKS = {0: Mark(1_750_000_000, 20_400, 20_450, True)}
