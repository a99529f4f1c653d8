"""The search for what fails: every good record is absorbed once and in order, every bad one refused once."""

import asyncio
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.batches.net import ContentFault, Net, Stuck, Take, count, failure
from streams.role import UserFault
from tests.cases import cases
from tests.dispatching import Stood

USER = b"u1"


class Bench:
    """A partition at work that fails at some records, at a user's looks, or altogether; it keeps what is committed."""

    def __init__(self, bad: frozenset[int], *, looks: int = 0, judging: str = "") -> None:
        self.bad, self.looks, self.judging = bad, looks, judging
        self.absorbed: list[tuple[str, int]] = []
        self.refused: list[tuple[str, int]] = []
        self.aside: list[int] = []
        self.heard = self.transactions = 0

    def reopen(self) -> None:
        """Nothing is kept here before it is committed."""

    async def transact(self, taken, *, judging) -> None:
        if self.looks and count(taken):
            raise ContentFault(ValueError("a look"), USER)
        if any(record.offset in self.bad for _topic, records, _end in taken for record in records):
            raise ContentFault(ValueError("bad"))
        if judging and self.judging:
            raise ContentFault(ValueError("judging"), USER if self.judging == "user" else None)
        self.transactions += 1
        self.absorbed += [(topic, record.offset) for topic, records, _end in taken for record in records]

    async def hear(self) -> None:
        self.heard += 1

    async def refuse(self, take, fault) -> None:
        topic, [record], end = take
        assert end > record.offset
        self.transactions += 1
        self.refused.append((topic, record.offset))
        self.absorbed.append((topic, record.offset))

    async def put_aside(self, user, fault, time) -> None:
        assert user == USER
        self.aside.append(time)
        self.looks = max(0, self.looks - 1)
        self.judging = "" if self.judging == "user" else self.judging


def taken(sizes: list[int]) -> list[Take]:
    takes, offset = list[Take](), 0
    for number, size in enumerate(sizes):
        records = [Stood(offset + n, 0, b"u", b"x") for n in range(size)]
        offset += size
        takes.append((f"topic-{number % 2}", records, offset))
    return takes


@cases(300)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.data())
def test_what_is_bad_is_refused_and_nothing_else(sizes, data) -> None:
    takes, total = taken(sizes), sum(sizes)
    bad = data.draw(st.frozensets(st.integers(0, total - 1), max_size=4))
    bench = Bench(bad)
    asyncio.run(Net(bench).absorb(takes))
    everything = [(topic, record.offset) for topic, records, _end in takes for record in records]
    assert bench.absorbed == everything
    assert bench.refused == [each for each in everything if each[1] in bad]
    assert bench.heard == bool(bad)
    assert bench.transactions <= 1 + len(bad) * (2 + ceil(log2(total + 1))) + bool(bad)


def test_one_bad_record_among_sixteen_thousand_takes_fifteen_transactions() -> None:
    for place in (0, 1, 7_777, 15_999):
        bench = Bench(frozenset({place}))
        asyncio.run(Net(bench).absorb(taken([16_000])))
        assert bench.refused == [("topic-0", place)]
        assert bench.transactions <= 16 + 1


def test_an_event_is_not_blamed_for_the_look_at_a_silent_user() -> None:
    """The user is put aside, each time for longer, and every record is absorbed."""
    bench = Bench(frozenset(), looks=3)
    asyncio.run(Net(bench).absorb(taken([5])))
    assert (bench.aside, bench.refused, len(bench.absorbed)) == ([0, 1, 2], [], 5)


def test_a_user_whose_judgement_fails_is_put_aside() -> None:
    bench = Bench(frozenset(), judging="user")
    asyncio.run(Net(bench).absorb(taken([5])))
    assert (bench.aside, bench.refused, len(bench.absorbed)) == ([0], [], 5)


@pytest.mark.parametrize("bench", [Bench(frozenset(), judging="nobody"), Bench(frozenset(), looks=99)])
def test_where_no_cause_is_found_the_partition_stands_still(bench) -> None:
    """Also where putting a user aside does not help."""
    with pytest.raises(Stuck, match="nothing is lost"):
        asyncio.run(Net(bench).absorb(taken([5])))


def test_what_fails_once_is_tried_again() -> None:
    """And no cause is searched where it works the second time."""

    class Once(Bench):
        async def transact(self, taken, *, judging) -> None:
            if not self.aside:
                self.aside.append(1)
                raise ContentFault(ValueError("once"))
            await super().transact(taken, judging=judging)

    bench = Once(frozenset())
    asyncio.run(Net(bench).absorb(taken([5])))
    assert (bench.transactions, bench.heard) == (1, 0)


class Tower:
    """A role, as far as the net looks at it."""

    standstill = (LookupError,)
    user_fault = UserFault


@pytest.mark.parametrize("error", [MemoryError(), LookupError()])
@pytest.mark.parametrize("named", [False, True])
def test_lack_of_memory_and_a_standstill_are_no_content_also_at_work_for_a_user(error, named) -> None:
    def work() -> None:
        if named:
            raise UserFault(USER) from error
        raise error

    with pytest.raises(type(error)):
        failure(Tower(), work)


def test_a_standstill_names_the_record_that_can_be_neither_handled_nor_refused() -> None:
    class Stubborn(Bench):
        async def refuse(self, take, fault) -> None:
            found = failure(Tower(), lambda: int("bad"))
            assert found
            raise found

    here = r"ValueError: .*'bad' \(in tests/laws/test_net_laws\.py:\d+\): the record of topic-0 at offset 3"
    with pytest.raises(Stuck, match=here):
        asyncio.run(Net(Stubborn(frozenset({3}))).absorb(taken([5])))


class Unborn(Bench):
    """The looks at a user fail at one record, and the user is known only once the one before it is absorbed."""

    async def transact(self, taken, *, judging) -> None:
        offsets = [record.offset for _topic, records, _end in taken for record in records]
        if 9 in offsets and not self.looked:
            raise ContentFault(ZeroDivisionError("a look"), USER)
        await super().transact(taken, judging=judging)

    looked = False

    async def put_aside(self, user, fault, time) -> None:
        self.aside.append(time)
        self.looked = ("topic-0", 8) in self.absorbed


@pytest.mark.parametrize("size", [10, 400])
def test_a_user_who_is_new_in_a_batch_is_put_aside_once_their_first_record_is_absorbed(size) -> None:
    bench = Unborn(frozenset())
    asyncio.run(Net(bench).absorb(taken([size])))
    assert [offset for _topic, offset in bench.absorbed] == list(range(size))
    assert bench.refused == []
    assert len(bench.aside) <= 2 + log2(size)
