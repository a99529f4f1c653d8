"""Operators' orders in a dispatcher partition: whom they hold, whom they wake, what is news and what is not."""

from datetime import timedelta

import pytest

from schemas import topics
from schemas.base import Message
from schemas.control import ControlKind
from schemas.decision import Outcome, Reason
from streams.control import read_word
from streams.dispatch import open_dispatch
from streams.dispatch.book import BOOKS
from streams.partitioner import Placement
from streams.role import Fact
from tests.dispatching import T0, Lifted, Stood, Worked, order, policy, profile, stood, warning

SILENCE, SUPPRESS, PAUSE = ControlKind.SILENCE, ControlKind.SUPPRESS, ControlKind.PAUSE
HOUR = timedelta(hours=1)
SENT, HELD, DROPPED = Outcome.SENT, Outcome.HELD, Outcome.DROPPED
PAUSED = (HELD, Reason.PLAYBOOK_PAUSED)
GONE = (DROPPED, Reason.SUPPRESSED)


def known(*heard: Message) -> Worked:
    worked = Worked(policy())
    worked.work(profile(), heard=heard)
    return worked


def held() -> Worked:
    """A candidate of u1 waits because his playbook is paused."""
    worked = known(order(PAUSE, "come-back"))
    worked.work(warning())
    assert worked.outcome == PAUSED
    return worked


def tallied(worked: Worked) -> dict[str, int]:
    return {name: count for name, count in worked.partition.tally().items() if name.startswith("control.")}


def test_a_suppressed_user_gets_nothing_and_what_waits_for_him_is_dropped_at_once() -> None:
    worked = held()
    worked.hear(order(SUPPRESS), now=T0 + HOUR)
    assert worked.outcome == GONE
    assert (worked.decisions[-1].at, worked.partition.waiting) == (T0 + HOUR, 0)
    worked.hear(Lifted("pause/come-back"), now=T0 + HOUR)
    worked.work(warning(day=2), now=T0 + 9999 * HOUR)
    assert (worked.outcome, worked.outbound) == (GONE, [])


@pytest.mark.parametrize("lifts", ["by time", "by hand"])
def test_a_suppression_ends_at_its_time_or_when_it_is_lifted(lifts: str) -> None:
    worked = known(order(SUPPRESS, until=T0 + 2 * HOUR))
    worked.work(warning(), now=T0 + HOUR)
    end = T0 + HOUR if lifts == "by hand" else T0 + 2 * HOUR
    worked.hear(*[Lifted("suppress/u1")] if lifts == "by hand" else [], now=end)
    worked.work(warning(day=1), now=end)
    assert [each.outcome for each in worked.decisions] == [DROPPED, SENT]
    ended = "lifted" if lifts == "by hand" else "expired"
    assert tallied(worked) == {"control.suppress.taken": 1, f"control.suppress.{ended}": 1}
    assert BOOKS.unpack(b"u1", worked.table[b"u1"]).suppressed is None
    assert worked.partition.orders.standing[SUPPRESS] == 0


def test_an_order_about_a_user_is_judged_at_once_also_where_it_lets_him_wait() -> None:
    worked = held()
    worked.hear(order(SILENCE, until=T0 + 5 * HOUR), now=T0 + HOUR)
    assert [each.at for each in worked.decisions] == [T0, T0 + HOUR]


@pytest.mark.parametrize("target", ["come-back", "*"])
@pytest.mark.parametrize("restart", [False, True])
def test_who_waits_for_a_paused_playbook_goes_on_when_it_is_lifted(target: str, restart: bool) -> None:
    worked = known(order(PAUSE, target))
    worked.work(warning())
    worked.work(now=T0 + HOUR)
    assert [(each.outcome, each.reason) for each in worked.decisions] == [PAUSED], "nobody looks while it is paused"
    if restart:
        worked.restart()
    worked.hear(Lifted(f"pause/{target}"), now=T0 + 2 * HOUR)
    assert worked.outcome == (SENT, None)
    assert worked.outbound[0].at == T0 + 2 * HOUR


def test_a_pause_with_an_end_ends_by_itself_and_one_without_lasts_until_the_candidate_expires() -> None:
    worked = known(order(PAUSE, "come-back", until=T0 + HOUR))
    worked.work(warning())
    assert worked.decisions[-1].earliest == T0 + HOUR
    worked.work(now=T0 + HOUR)
    assert worked.outcome == (SENT, None)
    forever = held()
    assert forever.decisions[-1].earliest == forever.decisions[-1].expires
    forever.work(now=forever.decisions[-1].expires)
    assert forever.outcome == (DROPPED, Reason.EXPIRED)


def test_a_pause_of_another_playbook_holds_nobody_and_of_two_pauses_the_longer_counts() -> None:
    worked = known(order(PAUSE, "other"))
    worked.work(warning())
    assert worked.outcome == (SENT, None)
    both = known(order(PAUSE, "*", until=T0 + HOUR), order(PAUSE, "come-back", until=T0 + 2 * HOUR))
    both.work(warning())
    assert both.decisions[-1].earliest == T0 + 2 * HOUR


def test_who_waits_already_is_not_looked_at_because_of_a_pause() -> None:
    waits = known()
    waits.contacted = {"u1": T0 - 20 * HOUR}
    waits.work(warning())
    assert waits.decisions[-1].reason is Reason.RECENTLY_CONTACTED
    waits.hear(order(PAUSE, "come-back"), now=T0 + HOUR)
    assert len(waits.decisions) == 1
    waits.work(now=T0 + 4 * HOUR)
    assert waits.outcome == PAUSED


def test_an_order_heard_again_is_no_news() -> None:
    """All that stand are heard at each opening: nobody is judged again, nothing is counted, nothing is written."""
    worked = known(order(SUPPRESS, "u2"), order(PAUSE, "*"), order(ControlKind.BREAKER, "sms", value="forced_open"))
    assert sum(tallied(worked).values()) == 3
    table, memo = dict(worked.table), worked.memo
    worked.restart()
    worked.work(now=T0 + HOUR)
    assert (tallied(worked), worked.table, worked.memo) == ({}, table, memo)
    assert worked.partition.orders.standing == {SUPPRESS: 1, PAUSE: 1, ControlKind.BREAKER: 1}
    worked.hear(order(SUPPRESS, "u2", at=T0 + HOUR), now=T0 + HOUR)
    assert tallied(worked) == {"control.suppress.taken": 1}, "said anew, it is news"
    assert worked.partition.orders.standing[SUPPRESS] == 1


def test_an_order_that_ends_while_nobody_listens_ends_as_if_somebody_had() -> None:
    """Heard again when it is over, it is still the order that stands here: the tick takes it out, once."""
    there, away = known(), known()
    for worked in (there, away):
        worked.contacted = {"u1": T0 - 20 * HOUR}  # he waits for longer than the silence lasts
        worked.work(warning())
        worked.hear(order(SILENCE, until=T0 + 2 * HOUR), now=T0 + HOUR)
        tallied(worked)
    away.restart()
    for worked in (there, away):
        worked.work(now=T0 + 2 * HOUR)
        assert tallied(worked) == {"control.silence.expired": 1}
    assert away.facts == there.facts
    assert len(there.decisions) == 2


def test_what_was_lifted_and_forgotten_while_nobody_listened_is_lifted() -> None:
    """A broker forgets a record without a value after a time; an owner that was away longer sees neither."""
    worked = known(order(SUPPRESS), order(PAUSE, "come-back"), order(SUPPRESS, "u2"))
    worked.work(warning("u2"))
    worked.orders = {key: each for key, each in worked.orders.items() if key == b"suppress/u2"}
    worked.restart()
    worked.work(warning(), now=T0 + HOUR)
    assert worked.outcome == (SENT, None)
    worked.work(profile("u2"), warning("u2", day=1), now=T0 + HOUR)
    assert worked.outcome == GONE, "what still stands there stands here"
    assert tallied(worked) == {"control.suppress.lifted": 1, "control.pause.lifted": 1}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"erase/u1", order(SUPPRESS).encode()),
        (b"pause/NO PLAYBOOK", b"{"),
        (b"suppress/" + 257 * b"u", b"{"),
        (b"breaker/push", b"{"),
        (b"release/blast", b"{"),
        (b"suppress/", None),
        (b"suppress", None),
        (b"\xff", b"\xff"),
        (None, None),
    ],
)
def test_a_record_that_is_no_word_changes_nothing_stops_nobody_and_is_counted(
    key: bytes | None, value: bytes | None
) -> None:
    """What stood under its key stands on, in this owner and in the next."""
    worked = known(order(SUPPRESS))
    tallied(worked)
    for _opening in range(2):
        worked.orders[key] = Stood(9, 0, key, value)
        worked.partition.hear(topics.CONTROL, list(worked.orders.values()), T0)
        worked.work(warning(day=_opening))
        assert worked.outcome == GONE
        worked.restart()
    assert [name for name in tallied(worked) if not name.endswith("unreadable")] == []
    assert read_word(Stood(9, 0, key, value)).unreadable


ABSURD = order(SUPPRESS, "u1").encode().replace(b"}", b', "until": "9999-12-31T23:59:59-08:00"}')
SAID = {"silence": (DROPPED, Reason.SILENCED), "suppress": GONE, "pause": PAUSED}


@pytest.mark.parametrize("milliseconds", [-(2**63), -1, 0, 1_772_442_000_000, 2**63 - 1])
@pytest.mark.parametrize("value", [b"{", b"\xff", b"null", b"{}", order(SUPPRESS, "u2").encode(), ABSURD])
@pytest.mark.parametrize(
    ("kind", "target"), [("silence", "u1"), ("suppress", "u1"), ("pause", "come-back"), ("pause", "*")]
)
def test_an_order_that_forbids_something_and_cannot_be_read_holds_until_it_is_lifted(
    kind: str, target: str, value: bytes, milliseconds: int
) -> None:
    """Who wrote it wanted less to be sent; its outcome is counted once, also by the owners that come after."""
    worked, key = known(), f"{kind}/{target}".encode()
    said = value.replace(b'"suppress"', f'"{kind}"'.encode()).replace(b'"u1"', f'"{target}"'.encode())
    worked.orders[key] = Stood(9, milliseconds, key, said)
    worked.partition.hear(topics.CONTROL, list(worked.orders.values()), T0)
    for day in range(2):
        worked.work(warning(day=day))
        assert worked.outcome == SAID[kind]
        worked.restart()
    assert tallied(worked) == {}, "an owner that comes after knows it"
    worked.hear(Lifted(key.decode()))
    worked.work(warning(day=2))
    assert [each.outcome for each in worked.decisions].count(SENT) == 1


def test_an_order_that_cannot_be_read_and_forbids_something_is_counted_once_as_unreadable() -> None:
    worked = known()
    for _opening in range(2):
        worked.orders[b"silence/u1"] = Stood(9, 0, b"silence/u1", b"{")
        worked.partition.hear(topics.CONTROL, list(worked.orders.values()), T0)
        assert tallied(worked) == ({} if _opening else {"control.silence.unreadable": 1})
        worked.work()
        worked.restart()


def test_a_user_is_ordered_about_in_his_own_partition_alone_and_each_order_is_counted_once() -> None:
    heard = [stood(order(SUPPRESS)), stood(order(PAUSE, "*")), Stood(0, 0, b"x", b"")]
    counted: list[str] = []
    for number in range(4):
        partition = open_dispatch(policy(), Placement(4))(number, {}, None)
        facts: list[Fact] = list(partition.hear(topics.CONTROL, heard, T0))
        counted += partition.tally()
        assert list(partition.settle().writes) == ([b"u1"] if number == Placement(4).of(b"u1") else [])
        assert partition.orders.paused("come-back", T0) is not None
        assert facts == []
    assert sorted(counted) == ["control.pause.taken", "control.suppress.taken", "control.unknown.unreadable"]


def test_an_order_that_is_over_when_it_is_heard_ends_what_stood_before() -> None:
    worked = known(order(SUPPRESS))
    worked.hear(order(SUPPRESS, until=T0 + HOUR), now=T0 + 2 * HOUR)
    assert tallied(worked) == {"control.suppress.taken": 1, "control.suppress.expired": 1}
    worked.work(warning(), now=T0 + 2 * HOUR)
    assert worked.outcome == (SENT, None)
    assert b"u2" not in known(order(SUPPRESS, "u2", at=T0 - 2 * HOUR, until=T0 - HOUR)).table
