"""Whether a play goes well; where it does not, the fewest odd records that still make it go wrong."""

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from tests.fuzz.outcomes import Outcomes
from tests.fuzz.play import Fuzz, Way, alone, played
from tests.fuzz.records import Odd

Placed = tuple[int, Odd]
"""An odd record, and the number of the moment before whose life it is written."""
SHOWN = 1_000


class Fault(NamedTuple):
    """What went wrong: ``kind`` names it in one line, alike for all faults of one cause."""

    kind: str
    text: str


class Differs(AssertionError):
    """Something about the town is not as it would be without the odd records."""


def run(odd: Fuzz, way: Way) -> Outcomes:
    """The play goes well: nothing raises, each record has one outcome, and the town is as it would be alone."""
    published, outcomes = played(odd, way)
    expected = alone(replace(way, answers=0))
    for place in sorted(expected.keys() | published.keys()):
        if expected.get(place) != published.get(place):
            raise Differs(f"{place}: {published.get(place)}, and alone {expected.get(place)}")
    return outcomes


def fault(odd: Fuzz, way: Way) -> Fault | None:
    """What goes wrong in a play, if anything does."""
    try:
        run(odd, way)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [
            frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename
        ]
        where = f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].name}"
        text = "".join(traceback.format_exception(error))
        words = " ".join(re.findall(r"[a-z]+", str(error)))[:60]
        return Fault(f"{type(error).__name__} at {where}: {words}", text)
    return None


def fewest(odd: Fuzz, way: Way, kind: str) -> list[Placed]:
    """Odd records that together lead to a fault of a kind, none of which can be left out."""
    every = [(place, each) for place in sorted(odd) for each in odd[place]]

    def fails(some: Sequence[Placed]) -> bool:
        found = fault(dealt(some), way)
        return found is not None and found.kind == kind

    return _smaller(every, fails)


def _smaller(some: list[Placed], fails: Callable[[Sequence[Placed]], bool]) -> list[Placed]:
    """Parts are left out, halves first, then ever smaller ones (delta debugging, Zeller 1999)."""
    size = len(some) // 2
    while size:
        start = 0
        while start < len(some):
            rest = some[:start] + some[start + size :]
            if fails(rest):
                some = rest
            else:
                start += size
        size //= 2
    return some


def dealt(some: Sequence[Placed]) -> dict[int, list[Odd]]:
    """Odd records by their moments."""
    found: dict[int, list[Odd]] = {}
    for place, each in some:
        found.setdefault(place, []).append(each)
    return found


def told(records: Sequence[Placed]) -> str:
    """The records in words that Python reads again, the long ones cut."""
    lines = (f"before moment {place}: {each!r}" for place, each in records)
    return "\n".join(line if len(line) <= SHOWN else f"{line[:SHOWN]}… ({len(line)} characters)" for line in lines)
