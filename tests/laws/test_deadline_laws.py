"""Deadlines are what a list of all of them, sorted anew at every question, would say."""

from hypothesis import given
from hypothesis import strategies as st

from streams.health.days import DAY_SECONDS
from streams.health.deadlines import Deadlines
from streams.health.state import NEVER

NAMES = (b"a", b"b", b"c", b"d")
KEYS = st.sampled_from(NAMES)
TIMES = st.one_of(st.integers(0, 40), st.integers(0, 5 * DAY_SECONDS), st.sampled_from([DAY_SECONDS, 3 * DAY_SECONDS]))
TURNS = st.lists(st.tuples(st.sampled_from(["expect", "pop", "open"]), KEYS, TIMES), max_size=60)


@given(TURNS)
def test_deadlines_are_what_a_sorted_list_would_say(turns: list[tuple[str, bytes, int]]) -> None:
    """Moved earlier or later, popped in jumps of days, opened anew from what was written."""
    deadlines, waiting, now = Deadlines(), dict[bytes, int](), 0
    for turn, key, time in turns:
        if turn == "expect":
            deadlines.expect(key, time)
            waiting[key] = time
        elif turn == "open":
            deadlines.restore([(name, deadlines.due(name)) for name in NAMES])
        else:
            now = max(now, time)
            assert deadlines.any(now) or not any(due <= now for due in waiting.values())
            first = min(((due, name) for name, due in waiting.items() if due <= now), default=None)
            assert deadlines.pop(now) == first
            if first:
                del waiting[first[1]]
        assert [*map(deadlines.due, NAMES)] == [waiting.get(name, NEVER) for name in NAMES]
        assert len(deadlines) == len(waiting)
