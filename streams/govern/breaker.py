"""The breaker of a channel as a table (E12): what is not in it cannot happen.

Signals: ``tripped`` too much harm among enough messages; ``cooled`` the pause is over; ``recovered`` a whole round of
probes came back well; ``lapsed`` some granted probes were never sent, so the round is begun anew.
"""

from enum import StrEnum

from schemas.breaker import BreakerState


class Signal(StrEnum):
    """What moves a breaker."""

    TRIPPED = "tripped"
    COOLED = "cooled"
    RECOVERED = "recovered"
    LAPSED = "lapsed"


TRANSITIONS: dict[tuple[BreakerState, Signal], BreakerState] = {
    (BreakerState.CLOSED, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.OPEN, Signal.COOLED): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Signal.TRIPPED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, Signal.LAPSED): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Signal.RECOVERED): BreakerState.CLOSED,
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
    """The table as a Mermaid state diagram.

    >>> print(diagram().splitlines()[1])
        [*] --> closed
    """
    arrows = (f"    {state} --> {after}: {signal}" for (state, signal), after in TRANSITIONS.items())
    return "\n".join(("stateDiagram-v2", f"    [*] --> {BreakerState.CLOSED}", *arrows))
