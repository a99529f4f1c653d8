"""Warnings against what is known of who left: precision, recall and lead time of each level (G1).

A label says when a user was lost. It is *foreseen* by a level where an episode in which that level had warned stood
open at that moment: warned at or before it, and not recovered before it. The lead time runs from that warning.
A warning is *right* where it foresees a label of its user, else wrong: also where the user had left before.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec

from schemas.faults import Fault, Faults
from schemas.warning import Level, Warning
from streams.intake import Identifier, Moment

LEVELS: Final = (Level.WATCH, Level.RISK, Level.CRITICAL)
DAY: Final = 86_400.0


class Label(msgspec.Struct, frozen=True):
    """A user was lost at a moment, in one product or, without ``product``, in whichever warned of him."""

    user_id: Identifier
    churned_at: Moment
    product: Identifier | None = None


_label_of: Final = msgspec.json.Decoder(Label).decode


def labels(lines: Iterable[bytes], name: str) -> Iterator[Label]:
    """The labels of a file, a JSON object a line; raises :class:`Faults` at the first line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _label_of(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            fix = 'write {"user_id": "u1", "churned_at": "2026-01-31T00:00:00Z"}, and "product" where there are several'
            shown = line[:60].decode(errors="replace").strip()
            raise Faults((Fault(f"{name} line {number}", "line", shown, f"is no label ({error})", fix),)) from error


class Spell(NamedTuple):
    """One warning, and when the episode it belongs to was over; None while it stands."""

    warning: Warning
    over: datetime | None


def scored(warnings: Sequence[Warning], known: Sequence[Label]) -> dict[str, Any]:
    """Each level's counts, precision, recall, and lead times in days; None where there is nothing to divide by."""
    over = {each.episode: each.at for each in warnings if each.level is Level.RECOVERED}
    spells: dict[str, list[Spell]] = {}
    for each in warnings:
        if each.level is not Level.RECOVERED:
            spells.setdefault(each.user_id, []).append(Spell(each, over.get(each.episode)))
    levels = {level.value: _level(level, spells, known) for level in LEVELS}
    return {"known": len(known), "levels": levels}


def _level(level: Level, spells: dict[str, list[Spell]], known: Sequence[Label]) -> dict[str, Any]:
    given = sum(spell.warning.level is level for of_user in spells.values() for spell in of_user)
    right, leads = set[str](), list[float]()
    for label in known:
        seen = [spell for spell in spells.get(label.user_id, ()) if _foresees(spell, level, label)]
        right.update(spell.warning.id for spell in seen)
        if seen:
            leads.append(max((label.churned_at - spell.warning.at).total_seconds() for spell in seen) / DAY)
    return {
        "warnings": given,
        "right": len(right),
        "foreseen": len(leads),
        "precision": _share(len(right), given),
        "recall": _share(len(leads), len(known)),
        "lead_days": _spread(sorted(leads)),
    }


def _foresees(spell: Spell, level: Level, label: Label) -> bool:
    warning, over = spell
    mine = warning.level is level and label.product in (None, warning.product)
    return mine and warning.at <= label.churned_at and (over is None or over >= label.churned_at)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _spread(leads: Sequence[float]) -> dict[str, float] | None:
    """The least, middle and greatest lead, and the share of at least a week."""
    if not leads:
        return None
    figures = {"least": leads[0], "median": median(leads), "most": leads[-1]}
    week = sum(lead >= 7 for lead in leads) / len(leads)
    return {**{name: round(days, 2) for name, days in figures.items()}, "a_week_or_more": round(week, 4)}
