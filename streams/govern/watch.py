"""What the governor knows of one channel: its breaker, the last minutes' counts, the probes of a half-open round."""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.breaker import BreakerState
from schemas.counts import Tally
from schemas.policy import BreakerPolicy
from streams.codec import Codec
from streams.govern.breaker import FORCED, IMAGINED, Signal, moved
from streams.limits import minute_of

COUNTING = frozenset({BreakerState.CLOSED, BreakerState.DEGRADED})


class Minute(NamedTuple):
    """Sends committed and harm reported in a minute of processing time, over all partitions."""

    sends: int = 0
    complaints: int = 0
    failures: int = 0

    def plus(self, tally: Tally) -> "Minute":
        """Both together."""
        return Minute(self.sends + tally.sends, self.complaints + tally.complaints, self.failures + tally.failures)


class Round(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A half-open round: what its probes did, when one was last granted or sent."""

    active: datetime
    probes: Minute = Minute()


class Watch(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One channel: ``minutes`` are counted while it is closed or degraded, ``probing`` stands while it is half-open.

    ``number`` counts its moves; ``calm`` is since when a degraded channel has been without harm; ``pause`` is the
    length of the newest pause in minutes, ``reopens`` its end; ``cooled`` is when a pause last ended; ``would`` is the
    state that one in shadow would be in; ``ordered`` ends an operator's word.
    """

    since: datetime
    state: BreakerState = BreakerState.CLOSED
    number: int = 1
    round: int = 0
    minutes: dict[int, Minute] = {}
    probing: Round | None = None
    calm: datetime | None = None
    pause: int = 0
    reopens: datetime | None = None
    cooled: datetime | None = None
    would: BreakerState | None = None
    ordered: datetime | None = None

    @property
    def until(self) -> datetime | None:
        """When time alone ends the state."""
        return self.ordered if self.state in FORCED.values() else self.reopens

    @property
    def stands(self) -> BreakerState:
        """The state whose rules hold: in shadow the one it would be in."""
        return self.would or self.state


WATCHES = Codec("governor-watch", Watch)


def counted(watch: Watch, tally: Tally, now: datetime, policy: BreakerPolicy) -> Watch:
    """The tally is in: with the minute it happened in, or, half-open, if it is about this round's probes.

    What comes in about older messages while the channel is open is past mending and moves nothing.
    """
    if watch.stands in COUNTING:
        newest = minute_of(now)
        minutes = {each: count for each, count in watch.minutes.items() if each > newest - policy.window_minutes}
        minute = min(tally.minute, newest)
        return replace(watch, minutes={**minutes, minute: minutes.get(minute, Minute()).plus(tally)})
    if watch.probing is None or tally.round != watch.round:
        return watch
    active = now if tally.sends else watch.probing.active
    return replace(watch, probing=Round(active, watch.probing.probes.plus(tally)))


def total(watch: Watch, now: datetime, policy: BreakerPolicy) -> Minute:
    """The counts of the window that ends now."""
    older = minute_of(now) - policy.window_minutes
    inside = [count for minute, count in watch.minutes.items() if minute > older]
    return Minute(*map(sum, zip(*inside, strict=True)))


def after(watch: Watch, signal: Signal, now: datetime, policy: BreakerPolicy, ordered: datetime | None = None) -> Watch:
    """The breaker has moved; ``ordered`` ends the operator's word that moved it.

    Counts begin anew but between closed and degraded, and each half-open round has its own number.
    """
    state = moved(watch.state, signal)
    would = IMAGINED.get(signal, BreakerState.CLOSED) if state is BreakerState.SHADOW else None
    stands, half = would or state, state is BreakerState.HALF_OPEN
    pause = _pause(watch, now, policy) if stands is BreakerState.OPEN else watch.pause
    return Watch(
        since=now,
        state=state,
        number=watch.number + 1,
        round=watch.round + half,
        minutes=watch.minutes if {watch.stands, stands} <= COUNTING else {},
        probing=Round(now) if half else None,
        pause=pause,
        reopens=now + timedelta(minutes=pause) if stands is BreakerState.OPEN else None,
        cooled=now if signal is Signal.COOLED else watch.cooled,
        would=would,
        ordered=watch.ordered if signal in IMAGINED else ordered,
    )


def _pause(watch: Watch, now: datetime, policy: BreakerPolicy) -> int:
    """Minutes of the pause that begins now: each opening soon after the last pause's end doubles it."""
    flaps = watch.cooled is not None and now < watch.cooled + timedelta(minutes=policy.flap_minutes)
    return min(2 * watch.pause, policy.open_minutes_max) if flaps else policy.open_minutes
