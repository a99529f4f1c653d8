"""What the governor knows of one channel: its breaker, the last minutes' counts, the probes of a half-open round."""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.breaker import BreakerState, Tally
from schemas.policy import BreakerPolicy
from streams.govern.breaker import Signal, moved
from streams.packed import Packing


class Minute(NamedTuple):
    """Sends committed and harm reported in a minute of processing time, over all partitions."""

    sends: int = 0
    complaints: int = 0
    failures: int = 0

    def plus(self, tally: Tally) -> "Minute":
        """Both together."""
        return Minute(self.sends + tally.sends, self.complaints + tally.complaints, self.failures + tally.failures)


class Round(Struct, frozen=True, array_like=True, gc=False):
    """A half-open round: what each partition was granted, what the probes did, when one was last granted or sent."""

    active: datetime
    granted: dict[int, int] = {}
    probes: Minute = Minute()

    @property
    def given(self) -> int:
        """Probes granted to all partitions together."""
        return sum(self.granted.values())


class Watch(Struct, frozen=True, array_like=True, gc=False):
    """One channel: ``minutes`` are counted while it is closed, ``probing`` stands while it is half-open."""

    since: datetime
    state: BreakerState = BreakerState.CLOSED
    round: int = 0
    minutes: dict[int, Minute] = {}
    probing: Round | None = None


WATCHES = Packing(Watch, version=1)


class Cause(NamedTuple):
    """A signal and what gave it, in words."""

    signal: Signal
    words: str


def minute_of(now: datetime) -> int:
    """Minutes since 1970."""
    return int(now.timestamp()) // 60


def counted(watch: Watch, tally: Tally, now: datetime, policy: BreakerPolicy) -> Watch:
    """The tally is in: closed, with the minute it happened in; half-open, if it is about this round's probes.

    What comes in about older messages while the channel is not closed is past mending and moves nothing.
    """
    if watch.state is BreakerState.CLOSED:
        newest = minute_of(now)
        minutes = {each: count for each, count in watch.minutes.items() if each > newest - policy.window_minutes}
        minute = min(tally.minute, newest)
        return replace(watch, minutes={**minutes, minute: minutes.get(minute, Minute()).plus(tally)})
    if watch.probing is None or tally.round != watch.round:
        return watch
    active = now if tally.sends else watch.probing.active
    return replace(watch, probing=replace(watch.probing, active=active, probes=watch.probing.probes.plus(tally)))


def granted(watch: Watch, partition: int, wants: int, now: datetime, policy: BreakerPolicy) -> Watch:
    """The partition has its wish as far as the round's probes go; the sum over partitions never exceeds them."""
    if watch.probing is None:
        return watch
    has = watch.probing.granted.get(partition, 0)
    gets = min(wants, has + policy.probes - watch.probing.given)
    if gets <= has:
        return watch
    grants = {**watch.probing.granted, partition: gets}
    return replace(watch, probing=replace(watch.probing, active=now, granted=grants))


def signal_of(watch: Watch, now: datetime, policy: BreakerPolicy) -> Cause | None:
    """What should move the breaker now, if anything."""
    if watch.state is BreakerState.OPEN:
        cooled = now >= watch.since + timedelta(minutes=policy.open_minutes)
        return Cause(Signal.COOLED, f"open for {policy.open_minutes} min") if cooled else None
    if watch.probing is not None:
        return _of_round(watch.probing, now, policy)
    total = _total(watch, minute_of(now) - policy.window_minutes)
    if total.sends < policy.min_sends:
        return None
    return _harm(total, total.sends, f"in {policy.window_minutes} min", policy)


def _total(watch: Watch, older: int) -> Minute:
    inside = [count for minute, count in watch.minutes.items() if minute > older]
    return Minute(*map(sum, zip(*inside, strict=True)))


def _of_round(probing: Round, now: datetime, policy: BreakerPolicy) -> Cause | None:
    """Harm is measured against the whole round: one failure among the first two probes is not a half.

    The window passes once more after the last probe, because complaints take their time.
    """
    if harm := _harm(probing.probes, policy.probes, "probes", policy):
        return harm
    if now < probing.active + timedelta(minutes=policy.window_minutes):
        return None
    if probing.probes.sends >= policy.probes:
        return Cause(Signal.RECOVERED, f"{probing.probes.sends} probes came back well")
    if probing.given > probing.probes.sends:
        return Cause(Signal.LAPSED, f"{probing.given - probing.probes.sends} of {probing.given} probes were not sent")
    return None


def _harm(count: Minute, sends: int, of: str, policy: BreakerPolicy) -> Cause | None:
    for name, harm, limit in (
        ("complaints", count.complaints, policy.complaint_open),
        ("failures", count.failures, policy.failure_open),
    ):
        if harm / sends >= limit:
            return Cause(Signal.TRIPPED, f"{harm} {name} of {sends} sends {of}, at most {limit:.2%}")
    return None


def after(watch: Watch, signal: Signal, now: datetime) -> Watch:
    """The breaker has moved; counts begin anew, and each half-open round has its own number."""
    state = moved(watch.state, signal)
    half = state is BreakerState.HALF_OPEN
    return Watch(now, state, watch.round + half, probing=Round(now) if half else None)
