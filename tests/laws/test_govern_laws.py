"""What holds for every stream of reports, and for governor and dispatchers together whatever is late or crashes."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.counts import Counts, Tally
from schemas.feedback import FeedbackKind
from schemas.lease import probes
from schemas.policy import BreakerPolicy, ChannelPolicy, Dispatch
from streams.govern.breaker import TRANSITIONS
from streams.govern.watch import COUNTING
from streams.limits import minute_of
from tests.cases import cases
from tests.dispatching import T0, feedback, policy, profile, recovered, warning
from tests.governing import Governed
from tests.laws.house import House

LAWS = cases(30)
PUSH, SMS = Channel.PUSH, Channel.SMS
BRIEF = BreakerPolicy(window_minutes=5, min_sends=10, complaint_open=0.1, failure_open=0.3, open_minutes=3, probes=4)

Stream = list[tuple[int, Counts]]


def stream(seed: int, length: int) -> Stream:
    """Minutes to wait, then what one of three partitions reports; its minutes are moved to the report's own."""
    dice = Random(seed)
    return [(dice.choice((0, 0, 0, 1, 2, 3, 5, 6)), _counts(dice)) for _ in range(length)]


def _counts(dice: Random) -> Counts:
    wants = {probes(channel): dice.randrange(10) for channel in dice.sample((PUSH, SMS), dice.randrange(3))}
    told = tuple(_tally(dice) for _ in range(dice.randrange(3)))
    return Counts(partition=dice.randrange(3), number=1, at=T0, tallies=told, wants=wants)


def _tally(dice: Random) -> Tally:
    return Tally(
        minute=minute_of(T0) + dice.randint(-8, 2),
        channel=dice.choice((PUSH, SMS)),
        round=dice.choice((0, 0, 1, 2)),
        sends=dice.choice((0, 1, 4, 9, 10, 40)),
        complaints=dice.choice((0, 0, 0, 1, 4)),
        failures=dice.choice((0, 0, 1, 12)),
    )


streams = st.builds(stream, st.integers(0, 2**32), st.integers(0, 39).map(lambda left: 40 - left))


def governed(stream: Stream, restarts: frozenset[int] = frozenset(), together: bool = False) -> Governed:
    """The reports through a governor, each in its own transaction, or with those of the same minute in one."""
    worked = Governed(policy(breaker=BRIEF))
    worked.work(now=T0)
    now, waiting = T0, list[Counts]()
    for number, (wait, counts) in enumerate(stream):
        if wait and waiting:
            worked.work(*waiting, now=now)
            waiting = []
        now += timedelta(minutes=wait)
        if number in restarts:
            worked.restart()
        waiting.append(moved_to(now, counts))
        if not together:
            worked.work(*waiting, now=now)
            waiting = []
    worked.work(*waiting, now=now)
    return worked


def moved_to(now: datetime, counts: Counts) -> Counts:
    shift = int((now - T0).total_seconds()) // 60
    told = tuple(each.model_copy(update={"minute": each.minute + shift}) for each in counts.tallies)
    return counts.model_copy(update={"at": now, "tallies": told})


def by_channel(worked: Governed) -> dict[Channel, list[Breaker]]:
    grouped: dict[Channel, list[Breaker]] = defaultdict(list)
    for each in worked.breakers:
        grouped[each.channel].append(each)
    return grouped


@LAWS
@given(streams)
def test_a_breaker_never_leaves_its_table(stream):
    """States follow each other only as the table says, rounds count the half-open ones, time does not go back."""
    legal = {(before, after) for (before, _), after in TRANSITIONS.items()}
    for story in by_channel(governed(stream)).values():
        assert [each.number for each in story] == list(range(1, len(story) + 1))
        assert story[0].state is BreakerState.CLOSED
        for before, after in pairwise(story):
            assert (before.state, after.state) in legal
            assert after.round - before.round == (after.state is BreakerState.HALF_OPEN)
            assert before.since <= after.since


@LAWS
@given(streams)
def test_a_breaker_stays_open_for_its_pause(stream):
    """Nothing but time ends it."""
    for story in by_channel(governed(stream)).values():
        for before, after in pairwise(story):
            if before.state is BreakerState.OPEN:
                assert after.since - before.since >= timedelta(minutes=BRIEF.open_minutes)


@LAWS
@given(streams)
def test_it_opens_exactly_when_the_recount_says_so(stream):
    """Closed or degraded, it agrees after every report with a recount of all reports since it closed."""
    worked = Governed(policy(breaker=BRIEF))
    worked.work(now=T0)
    now, since = T0, {PUSH: [], SMS: []}
    for wait, raw in stream:
        now += timedelta(minutes=wait)
        worked.work(now=now)
        counts = moved_to(now, raw)
        for each in counts.tallies:
            closed = worked.state(each.channel) in COUNTING
            told = each.model_copy(update={"minute": min(each.minute, minute_of(now))})
            since[each.channel] = [*since[each.channel], told] if closed else []
            worked.work(counts.model_copy(update={"tallies": (each,), "wants": {}}), now=now)
            if closed:
                opened = worked.state(each.channel) not in COUNTING
                assert opened == too_much_harm(since[each.channel], now)
        worked.work(counts.model_copy(update={"tallies": ()}), now=now)


def too_much_harm(told: list[Tally], now: datetime) -> bool:
    newest = minute_of(now)
    inside = [each for each in told if newest - BRIEF.window_minutes < each.minute]
    sends = sum(each.sends for each in inside)
    bad = (
        sum(each.complaints for each in inside) / BRIEF.complaint_open,
        sum(each.failures for each in inside) / BRIEF.failure_open,
    )
    return sends >= BRIEF.min_sends and max(bad) >= sends - 1e-9


@LAWS
@given(streams)
def test_leases_of_a_round_never_exceed_its_probes(stream):
    """The sum over partitions of the last lease of each; a lease only grows."""
    granted: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for lease in governed(stream).leases:
        of_round = granted[lease.resource, lease.round]
        assert lease.granted > of_round.get(lease.partition, 0)
        of_round[lease.partition] = lease.granted
    assert all(sum(each.values()) <= BRIEF.probes for each in granted.values())


@LAWS
@given(streams, st.frozensets(st.integers(0, 40)))
def test_opening_anew_gives_the_same_facts(stream, restarts):
    """No breaker is forgotten, no probe granted twice."""
    whole, broken = governed(stream), governed(stream, restarts)
    assert (broken.facts, broken.table) == (whole.facts, whole.table)


@LAWS
@given(streams)
def test_any_cut_into_batches_gives_the_same_facts(stream):
    """Reports of one minute may come in one transaction or in many."""
    assert governed(stream, together=True).facts == governed(stream).facts


def steps(seed: int) -> list[tuple[str, int, int, bool]]:
    """What happens, to which dispatcher, how much of it, and whether that dispatcher listens to the governor."""
    dice, doings = Random(seed), ("warn", "warn", "warn", "complain", "wait", "govern", "govern", "restart")
    return [(dice.choice(doings), dice.randrange(2), dice.randint(1, 6), dice.random() < 0.7) for _ in range(80)]


@LAWS
@given(st.builds(steps, st.integers(0, 2**32)))
def test_the_house_never_sends_more_probes_than_a_round_has(script):
    """Storm, silence, crash and delay: what left in a round, over all partitions, is within its probes."""
    free = {PUSH: ChannelPolicy(cost=0, rate_per_second=100)}
    brief = BRIEF.model_copy(update={"min_sends": 3, "window_minutes": 2})
    house = House(
        policy(
            breaker=brief,
            channels=free,
            caps=(),
            dispatch=Dispatch(return_cooldown_days=0, registry_gap_hours=0),
        )
    )
    for number in range(2):
        house.dispatches(number, profile(f"u{number}"))
    house.governs()
    for day, (what, number, count, listens) in enumerate(script):
        house.now += timedelta(seconds=20)
        if what == "warn":
            for each in range(count):
                silence = {"user": f"u{number}", "day": day * 10 + each}
                house.dispatches(number, warning(**silence), recovered(**silence), listens=listens)
            house.dispatches(number, warning(user=f"u{number}", day=day * 10 + 9), listens=listens)
        elif what == "complain":
            sent = house.dispatchers[number].outbound[-count:]
            told = (feedback(each.id, FeedbackKind.COMPLAINED, each.user_id, n=n) for n, each in enumerate(sent))
            house.dispatches(number, *told, listens=listens)
        elif what == "wait":
            house.now += timedelta(minutes=count)
            house.dispatches(number)
        elif what == "govern":
            house.governs()
        else:
            house.dispatchers[number].restart()
            house.governor.restart()
    sent: dict[int, int] = defaultdict(int)
    for worked in house.dispatchers:
        worked.work(now=house.now + timedelta(hours=1))
        for counts in worked.counts:
            for tally in counts.tallies:
                sent[tally.round] += tally.sends
    assert all(sends <= brief.probes for round, sends in sent.items() if round)
    assert sum(sent.values()) == sum(len(worked.outbound) for worked in house.dispatchers)
