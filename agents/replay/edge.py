"""The two ends of a range of the event topics, as an operator names them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from agents.settings import Settings
from schemas.faults import Fault, Faults

Border = datetime | tuple[int, int]
"""A record time, or a partition and an offset in it."""


class Edge(NamedTuple):
    """One end of a range: an offset for each partition that is named, a record time (or none) for all others."""

    name: str
    at: datetime | None = None
    offsets: Mapping[int, int] = {}


def edge(name: str, given: Sequence[Border], settings: Settings) -> Edge:
    """What these borders say together.

    Raises :class:`Faults` for two times, two offsets of a partition, and offsets where there are several topics.

    >>> edge("--from", [(2, 170)], Settings())
    Edge(name='--from', at=None, offsets={2: 170})
    """
    times = [one for one in given if isinstance(one, datetime)]
    places = [one for one in given if isinstance(one, tuple)]
    faults = []
    if len(times) > 1:
        faults.append(_fault(name, times[-1].isoformat(), "is a second time", "give one, for all partitions"))
    if len(dict(places)) < len(places):
        faults.append(_fault(name, _shown(places[-1]), "is a second offset of a partition", "give one of each"))
    if places and len(settings.event_topics) > 1:
        several = f"is an offset, and CHURN_EVENT_TOPICS names {len(settings.event_topics)} topics"
        faults.append(_fault(name, _shown(places[0]), several, "give a time, or set CHURN_EVENT_TOPICS to one topic"))
    if faults:
        raise Faults(tuple(faults))
    return Edge(name, times[0] if times else None, dict(places))


def _shown(place: tuple[int, int]) -> str:
    return f"{place[0]}:{place[1]}"


def _fault(name: str, value: str, message: str, fix: str) -> Fault:
    return Fault("the range", name, value, message, fix)
