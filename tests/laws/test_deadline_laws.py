"""Deadlines are what a list of all of them, sorted anew at every question, would say."""

from hypothesis import given
from hypothesis import strategies as st

from streams.health.days import DAY_SECONDS
from streams.health.deadlines import Deadlines
from streams.health.state import NEVER
from tests.cases import cases

NAMES = (b"a", b"b", b"c")
AHEAD = st.sampled_from([0, 1, 7, DAY_SECONDS // 2, DAY_SECONDS, DAY_SECONDS + 1, 3 * DAY_SECONDS])
TURNS = st.tuples(st.sampled_from(["expect", "expect", "pop", "open"]), st.sampled_from(NAMES), AHEAD)


@cases(300)
@given(st.lists(TURNS, min_size=20, max_size=40))
def test_deadlines_are_what_a_sorted_list_would_say(turns: list[tuple[str, bytes, int]]) -> None:
    """Moved earlier or later, popped as time goes on by seconds or days, opened anew from what was written."""
    deadlines, waiting, now = Deadlines(), dict[bytes, int](), 0
    for turn, name, ahead in turns:
        if turn == "expect":
            deadlines.expect(name, now + ahead)
            waiting[name] = now + ahead
        elif turn == "open":
            deadlines.restore([(each, deadlines.due(each)) for each in NAMES])
        else:
            now += ahead
            assert deadlines.any(now) or not any(due <= now for due in waiting.values())
            first = min(((due, each) for each, due in waiting.items() if due <= now), default=None)
            assert deadlines.pop(now) == first
            if first:
                del waiting[first[1]]
        assert [*map(deadlines.due, NAMES)] == [waiting.get(each, NEVER) for each in NAMES]
        assert len(deadlines) == len(waiting)
