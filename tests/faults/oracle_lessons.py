"""What partitions learned: sums told once and whole, one lesson a day, adopted when it could be, time as it ran."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.faults.book import Stood
from tests.faults.findings import Findings
from tests.faults.oracle_learning import Lesson, Told
from tests.faults.oracle_time import Time
from tests.faults.state import Course

NEAR = 1e-6


def check_told(records: Iterable[Stood], findings: Findings) -> None:
    """The sums of a day stand once."""
    said = (json.loads(record.value or b"null") for record in records)
    findings.once("sums of", ((one["product"], one["day"], one["partition"]) for one in said if one and "day" in one))


def check_sums(told: Told, number: int, time: Time, findings: Findings) -> None:
    """Every day that is over was told of, with all users who came back on it and all who were known by then."""
    there = {day: parts[number].sums for day, parts in told.days.items() if number in parts}
    findings.compare(f"sums of {told.product} in partition {number} on", time.known_by, list(there))
    for day in time.known_by.keys() & there.keys():
        sums = there[day]
        must = time.returned[day], time.active[day], time.known_by[day]
        said = sum(sums["returns"]), sums["active"], sums["sampled"]
        if must != said:
            kind = findings.doubled if said > must else findings.lost
            kind.append(f"sums of {told.product} in partition {number} on {day} say {said}, not {must}")


def check_course(name: str, time: Time, courses: list[Course], findings: Findings) -> None:
    """The last of a partition's records says that time ran, and lessons were adopted, as they must."""
    world = time.world
    if not courses:
        findings.lost += [f"course of {name}"] * (world.today >= 0)
        return
    last = courses[-1]
    if (last.first, len(last.starts)) != (world.first, len(world.starts)):
        findings.wrong.append(f"course of {name} has {len(last.starts)} days from {last.first}, not {world.first}")
    else:
        off = np.flatnonzero(~np.isclose(np.diff(last.starts), np.diff(world.starts), atol=NEAR))
        findings.wrong += [f"speed of {name} on day {last.first + day}" for day in off]
    if last.serving != time.learned:
        findings.wrong.append(f"{name} reads with the lesson of {last.serving}, not of {time.learned}")


def check_lessons(product: str, courses: Iterable[Course], lessons: dict[int, Lesson], findings: Findings) -> None:
    """Whoever learned of a day learned the same, and it is the fold of what was told."""
    known: dict[int, dict[str, Any]] = {}
    for course in courses:
        lesson = course.lesson
        day = lesson["day"]
        if day >= 0 and known.setdefault(day, lesson) != lesson:
            findings.wrong.append(f"lesson of {product} on {day}: two partitions differ")
    for day, lesson in known.items():
        if day not in lessons:
            findings.wrong.append(f"lesson of {product} on {day}: not all sums of that day were told")
        elif not _agrees(lesson, lessons[day]):
            findings.wrong.append(f"lesson of {product} on {day} is not the fold of its sums")


def _agrees(lesson: dict[str, Any], must: Lesson) -> bool:
    name, _week, shape, rate, season, curves, weights = lesson["snapshot"]
    said = [lesson["speed"], lesson["season"], lesson["usual"], shape, rate, season, *weights]
    taught = must.taught
    wanted = [must.speed, must.season, must.usual, taught.r, taught.alpha, taught.season, *taught.weights]
    hazards = np.array([hazard for hazard, _risen in curves])
    return bool(name == taught.name and np.allclose(said, wanted, NEAR) and np.allclose(hazards, taught.hazards, NEAR))


def check_jumps(told: Told, jumps: Iterable[tuple[str, int, int, int]], findings: Findings) -> None:
    """Time moves without an event only to where another partition said it was."""
    for product, number, moment, heard in jumps:
        if product != told.product:
            continue
        others = [marks for other, marks in told.marks.items() if other != number]
        if moment not in {at for marks in others for offset, at in marks if offset < heard}:
            findings.wrong.append(f"time of {product} in partition {number} moved to {moment}, where no other was")
