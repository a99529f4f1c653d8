"""What moves a channel's breaker: its counts, the clock, an operator (E12)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from schemas.breaker import BreakerState
from schemas.control import Control
from schemas.policy import BreakerPolicy
from streams.govern.breaker import FORCED, WORDS, Signal
from streams.govern.watch import Minute, Round, Watch, total

OVER = "the operator's word is over"


class Cause(NamedTuple):
    """A signal and what gave it, in words; ``until`` ends the operator's word that gave it."""

    signal: Signal
    words: str
    until: datetime | None = None


def calmed(watch: Watch, now: datetime, policy: BreakerPolicy) -> Watch:
    """It is known since when a degraded channel has been calm.

    Among fewer than ``min_sends`` messages harm is measured against so many: with its promotions paused a channel may
    send next to nothing, and one complaint among three must not keep it degraded for ever.
    """
    if watch.stands is not BreakerState.DEGRADED:
        return watch
    count = total(watch, now, policy)
    harmed = _harm(count, max(count.sends, policy.min_sends), policy.complaint_clear, policy.failure_clear)
    since = None if harmed else watch.calm or now
    return watch if since == watch.calm else replace(watch, calm=since)


def signal_of(watch: Watch, unsent: int, now: datetime, policy: BreakerPolicy) -> Cause | None:
    """What should move the breaker now, if anything; ``unsent``: probes that are granted and were not sent yet."""
    if watch.ordered is not None and now >= watch.ordered:
        return Cause(Signal.LIFTED, OVER)
    match watch.stands:
        case BreakerState.OPEN:
            cooled = watch.reopens is not None and now >= watch.reopens
            return Cause(Signal.COOLED, f"open for {watch.pause} min") if cooled else None
        case BreakerState.HALF_OPEN if watch.probing is not None:
            return _of_round(watch.probing, unsent, now, policy)
        case BreakerState.CLOSED:
            return _storm(watch, now, policy) or _warning(watch, now, policy)
        case BreakerState.DEGRADED:
            return _storm(watch, now, policy) or _end_of_warning(watch, now, policy)
    return None


def ordered(watch: Watch, control: Control | None, now: datetime) -> Cause | None:
    """What an operator's newest word about the channel moves, if anything; None where he took it back.

    The word it stands under already moves nothing, but may hold for another time.
    """
    signal = WORDS.get(control.value) if control is not None and control.value and control.holds(now) else None
    said = "taken back" if control is None else f"{control.who}: {control.why}" if control.holds(now) else OVER
    if signal is None or control is None:
        return Cause(Signal.LIFTED, said) if watch.state in FORCED.values() else None
    stands = FORCED[signal] is watch.state and control.until == watch.ordered
    return None if stands else Cause(signal, said, control.until)


def _storm(watch: Watch, now: datetime, policy: BreakerPolicy) -> Cause | None:
    words = _in_window(watch, now, policy, policy.complaint_open, policy.failure_open)
    return Cause(Signal.TRIPPED, words) if words else None


def _warning(watch: Watch, now: datetime, policy: BreakerPolicy) -> Cause | None:
    words = _in_window(watch, now, policy, policy.complaint_warn, policy.failure_warn)
    return Cause(Signal.WARNED, words) if words else None


def _end_of_warning(watch: Watch, now: datetime, policy: BreakerPolicy) -> Cause | None:
    if watch.calm is None or now < watch.calm + timedelta(minutes=policy.clear_minutes):
        return None
    return Cause(Signal.CLEARED, f"calm for {policy.clear_minutes} min")


def _of_round(probing: Round, unsent: int, now: datetime, policy: BreakerPolicy) -> Cause | None:
    """Harm is measured against the whole round: one failure among the first two probes is not a half.

    The window passes once more after the last probe, because complaints take their time.
    """
    if words := _harm(probing.probes, policy.probes, policy.complaint_open, policy.failure_open):
        return Cause(Signal.TRIPPED, f"{words} probes")
    if now < probing.active + timedelta(minutes=policy.window_minutes):
        return None
    if probing.probes.sends >= policy.probes:
        return Cause(Signal.RECOVERED, f"{probing.probes.sends} probes came back well")
    return Cause(Signal.LAPSED, f"{unsent} granted probes were not sent") if unsent else None


def _in_window(watch: Watch, now: datetime, policy: BreakerPolicy, complaints: float, failures: float) -> str | None:
    count = total(watch, now, policy)
    if count.sends < policy.min_sends:
        return None
    words = _harm(count, count.sends, complaints, failures)
    return words and f"{words} sends in {policy.window_minutes} min"


def _harm(count: Minute, sends: int, complaints: float, failures: float) -> str | None:
    """The harm among so many messages that has reached its ratio, in words."""
    for name, harm, limit in (("complaints", count.complaints, complaints), ("failures", count.failures, failures)):
        if harm / sends >= limit:
            return f"{harm} {name}, {limit:.2%} or more of {sends}"
    return None
