"""The breaker of a channel as a table (E12): what is not in it cannot happen.

Signals of the counts and the clock: ``warned`` harm that is no storm yet; ``cleared`` it stayed away long enough;
``tripped`` too much harm among enough messages; ``cooled`` the pause is over; ``recovered`` a whole round of probes
came back well; ``lapsed`` some granted probes were never sent, so the round is begun anew. An operator's:
``forced_open``, ``forced_closed``, ``shadowed``, and ``lifted``, when his word is taken back or its time is over.
"""

from enum import StrEnum
from itertools import product

from schemas.breaker import BreakerState
from schemas.control import Forced


class Signal(StrEnum):
    """What moves a breaker."""

    WARNED = "warned"
    CLEARED = "cleared"
    TRIPPED = "tripped"
    COOLED = "cooled"
    RECOVERED = "recovered"
    LAPSED = "lapsed"
    FORCED_OPEN = "forced_open"
    FORCED_CLOSED = "forced_closed"
    SHADOWED = "shadowed"
    LIFTED = "lifted"


FORCED = {
    Signal.FORCED_OPEN: BreakerState.FORCED_OPEN,
    Signal.FORCED_CLOSED: BreakerState.FORCED_CLOSED,
    Signal.SHADOWED: BreakerState.SHADOW,
}
"""What an operator's word makes of every other state."""
WORDS = {
    Forced.OPEN: Signal.FORCED_OPEN,
    Forced.CLOSED: Signal.FORCED_CLOSED,
    Forced.SHADOW: Signal.SHADOWED,
}
"""How an operator says it; ``auto`` lifts what he said before."""
IMAGINED = {
    Signal.WARNED: BreakerState.DEGRADED,
    Signal.CLEARED: BreakerState.CLOSED,
    Signal.TRIPPED: BreakerState.OPEN,
    Signal.COOLED: BreakerState.CLOSED,
}
"""What a breaker in shadow would do: its traffic goes on, so after a pause there is nothing to probe."""

TRANSITIONS: dict[tuple[BreakerState, Signal], BreakerState] = {
    (BreakerState.CLOSED, Signal.WARNED): BreakerState.DEGRADED,
    (BreakerState.CLOSED, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.DEGRADED, Signal.CLEARED): BreakerState.CLOSED,
    (BreakerState.DEGRADED, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.OPEN, Signal.COOLED): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, Signal.LAPSED): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Signal.RECOVERED): BreakerState.CLOSED,
    **{(BreakerState.SHADOW, signal): BreakerState.SHADOW for signal in IMAGINED},
    **{(state, signal): forced for state, (signal, forced) in product(BreakerState, FORCED.items())},
    **{(forced, Signal.LIFTED): BreakerState.CLOSED for forced in FORCED.values()},
}


class IllegalTransition(Exception):
    """A signal came in a state that does not know it: a fault of ours."""

    def __init__(self, state: BreakerState, signal: Signal) -> None:
        super().__init__(f"a breaker that is {state} cannot take the signal {signal}; see TRANSITIONS")


def moved(state: BreakerState, signal: Signal) -> BreakerState:
    """The state after a signal; raises :class:`IllegalTransition` where the table has none.

    >>> moved(BreakerState.OPEN, Signal.COOLED)
    <BreakerState.HALF_OPEN: 'half_open'>
    """
    try:
        return TRANSITIONS[state, signal]
    except KeyError:
        raise IllegalTransition(state, signal) from None


def diagram() -> str:
    """The table as a Mermaid state diagram; the states that move by themselves are one, which an operator may leave.

    >>> print(diagram().splitlines()[1])
        [*] --> automatic
    """
    inside = [state for state in BreakerState if state not in FORCED.values()]
    of_itself, words = [], set()
    for (state, signal), after in TRANSITIONS.items():
        if state in inside and after in inside:
            of_itself.append(f"        {state} --> {after}: {signal}")
        else:
            names = ("automatic" if each in inside else str(each) for each in (state, after))
            words.add(f"    {' --> '.join(names)}: {signal}")
    begin = f"        [*] --> {BreakerState.CLOSED}"
    automatic = ["    [*] --> automatic", "    state automatic {", begin, *of_itself, "    }"]
    return "\n".join(("stateDiagram-v2", *automatic, *sorted(words)))
