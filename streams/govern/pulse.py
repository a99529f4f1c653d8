"""How many messages usually go out in an hour, and when a run of them is too long (E17)."""

from datetime import datetime
from math import floor

from msgspec import Struct
from msgspec.structs import replace

from schemas.policy import Blast
from streams.codec import Codec


class Pulse(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The present hour (since 1970) and its messages, the learned usual hour, and since when an operator is waited for.

    Hours in which nothing was sent teach nothing: the usual is that of a busy hour, not of a night. ``released`` is the
    newest word of an operator that counted; words that stand are heard again at every opening.
    """

    hour: int = 0
    sends: int = 0
    usual: float | None = None
    paused: datetime | None = None
    released: datetime | None = None


PULSES = Codec("governor-pulse", Pulse)


def hour_of(now: datetime) -> int:
    """Hours since 1970."""
    return int(now.timestamp()) // 3_600


def beaten(pulse: Pulse, sends: int) -> Pulse:
    """So many more messages have gone out in the present hour."""
    return replace(pulse, sends=pulse.sends + sends) if sends else pulse


def learned(pulse: Pulse, now: datetime, policy: Blast) -> Pulse:
    """Once an hour is over, the usual moves towards its messages: by half in ``half_life_hours`` equal ones.

    >>> from datetime import UTC
    >>> one = datetime(1970, 1, 1, 1, tzinfo=UTC)
    >>> learned(Pulse(sends=50, usual=100.0), one, Blast(half_life_hours=1)).usual
    75.0
    """
    hour = hour_of(now)
    if hour <= pulse.hour:
        return pulse
    usual = pulse.usual
    if pulse.sends:
        weight = 1.0 if usual is None else 1 - 0.5 ** (1 / policy.half_life_hours)
        usual = (usual or 0.0) + weight * (pulse.sends - (usual or 0.0))
    return replace(pulse, hour=hour, sends=0, usual=usual)


def radius(pulse: Pulse, policy: Blast) -> int:
    """Messages that may go out in an hour; 0 while an operator is waited for.

    >>> radius(Pulse(usual=300.0), Blast(factor=5, floor=100)), radius(Pulse(), Blast(factor=5, floor=100, per_hour=90))
    (1500, 90)
    """
    if pulse.paused is not None:
        return 0
    usual = floor((policy.factor or 0.0) * max(policy.floor, pulse.usual or 0.0))
    limits = [usual if policy.factor is not None else None, policy.per_hour]
    return min(limit for limit in limits if limit is not None)
