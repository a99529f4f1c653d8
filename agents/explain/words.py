"""A portrait in words: one sentence for whoever owns the shop, a page for whoever wants to know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.decision import Call, Decision
from schemas.warning import Component, Level, Stage, Warning
from streams.health.index.index import POINT
from streams.health.portrait import LevelState, Portrait, RuleState

_NUMBERS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def sentence(portrait: Portrait) -> str:
    """What a shop owner would say of this user.

    Of a user with a rhythm: the usual gap, the present silence, and how many such silences reach the horizon.
    """
    user, away = portrait.reading.user_id, round(portrait.silent_days)
    horizon = span(portrait.horizon_days)
    if portrait.own_gap_days is None:
        return f"{user} was here once, {_ago(away)}: too little to know a rhythm."
    usual = f"{user} usually comes {every(portrait.own_gap_days)}"
    if away >= portrait.horizon_days:
        return f"{usual}, has been away {away} days: that is over {horizon}, and counts as churned."
    share = f"{100 * portrait.reading.reach:.0f} % of such silences last {horizon}"
    return f"{usual}, was here {_ago(away)}; {share}." if away < 1 else f"{usual}, has been away {days(away)}; {share}."


def every(gap: float) -> str:
    """A mean gap in days as a rhythm.

    >>> every(1.2), every(4.4), every(7.1), every(29.8)
    ('every day', 'every 4 days', 'every week', 'every 30 days')
    """
    return {1: "every day", 7: "every week"}.get(max(round(gap), 1), f"every {round(gap)} days")


def days(count: int) -> str:
    """A number of days.

    >>> days(1), days(13)
    ('1 day', '13 days')
    """
    return "1 day" if count == 1 else f"{count} days"


def span(count: int) -> str:
    """A horizon in weeks where it is some, else in days.

    >>> span(28), span(90), span(7)
    ('four weeks', '90 days', 'one week')
    """
    weeks, rest = divmod(count, 7)
    if rest or weeks >= len(_NUMBERS):
        return days(count)
    return f"{_NUMBERS[weeks]} week{'s' * (weeks > 1)}"


def _ago(count: int) -> str:
    return "today" if count < 1 else f"{days(count)} ago"


def page(portrait: Portrait) -> Iterator[str]:
    """Everything about a user in a product, a line an idea."""
    reading = portrait.reading
    yield f"{reading.user_id} in {reading.product}, as of {reading.ts:%Y-%m-%d %H:%M} UTC"
    yield f"  {sentence(portrait)}"
    early = ", warming up" if portrait.warming_up else ""
    yield f"  health     {points(reading.index)} of 100, usually {points(portrait.baseline)} ({reading.stage}{early})"
    yield f"  lost       {', '.join(_lost(reading.parts)) or 'nothing'}"
    seen = f"{days(portrait.repeats + 1)} since {portrait.first_occasion}, last on {portrait.last_occasion}"
    yield f"  seen       {seen} ({reading.life})"
    month = f"{portrait.active_days_28} of 28 with {portrait.events_28} events"
    yield f"  lately     on {portrait.active_days_7} of 7 days, {month}"
    yield f"  key        behaviour on {portrait.key_days_28} of 28 days"
    yield f"  complaints {portrait.open_complaints or 'none'} open; unhappy on {portrait.unhappy_days_28} of 28 days"
    yield f"  ahead      {100 * reading.p_next:.0f} % to stay away for the next {span(portrait.horizon_days)}"
    for level in portrait.levels:
        yield f"  {level.level:10} {_standing(level, portrait)}"
    yield f"  rules      {'; '.join(_ruled(portrait.rules)) or 'none'}"


def _lost(parts: Mapping[Component, int]) -> Iterator[str]:
    """What took points, the most first."""
    for part, name in sorted(((part, name) for name, part in parts.items() if part), reverse=True):
        yield f"{points(part)} {name.replace('_', ' ')}"


def points(thousandths: int) -> str:
    """Thousandths of a point as points.

    >>> points(41_250)
    '41.2'
    """
    return f"{thousandths / POINT:.1f}"


def _standing(level: LevelState, portrait: Portrait) -> str:
    if level.spoken:
        given = portrait.warned
        same = given is not None and given.level == level.level
        above = f"has warned, or {given.level} did for it" if given else "has warned"
        return f"warned on {given.on}" if same and given else above
    if portrait.reading.stage is Stage.HEALTHY and not portrait.repeats:
        return "not before a second visit"
    cool = f", not before {level.cool_until}" if level.cool_until and level.cool_until > portrait.last_occasion else ""
    armed = "armed" if level.armed else "waits until health has recovered"
    return f"{armed}: warns at {points(level.threshold)}{cool}"


def _ruled(rules: Sequence[RuleState]) -> Iterator[str]:
    """Which rules may warn, which wait (for a higher level, to be armed, or out their cool-down), and what stands."""
    may, wait, stand = (
        [each.rule for each in rules if each.may_warn],
        [each.rule for each in rules if not each.may_warn],
        [each.rule for each in rules if each.stands],
    )
    for names, what in ((may, "may warn"), (wait, "wait"), (stand, "called, and it still stands")):
        if names:
            yield f"{', '.join(names)} {what}"


def warned(warning: Warning) -> str:
    """A warning in a line."""
    what = "came back" if warning.level is Level.RECOVERED else f"{warning.level}, health {points(warning.index)}"
    return f"  {warning.at:%Y-%m-%d %H:%M}  {warning.product}: {what}"


def traced(decision: Decision) -> Iterator[str]:
    """Which stages held or dropped a candidate and why, how many let it pass, and when it can be sent."""
    stopped = [verdict for verdict in decision.trace if verdict.call is not Call.PASS]
    for verdict in stopped:
        where = f" on {verdict.channel}" if verdict.channel else ""
        why = f": {verdict.reason.replace('_', ' ')}" if verdict.reason else ""
        detail = f" ({verdict.detail})" if verdict.detail else ""
        until = f", until {verdict.until:%Y-%m-%d %H:%M}" if verdict.until else ""
        yield f"    {verdict.stage} {verdict.call}{where}{why}{detail}{until}"
    passed = len(decision.trace) - len(stopped)
    yield f"    {passed} of {len(decision.trace)} verdicts let it pass"
    if decision.earliest:
        yield f"    to be sent at {decision.earliest:%Y-%m-%d %H:%M} at the earliest"


def decided(decision: Decision) -> str:
    """A decision in a line, with the reason that settled it."""
    where = f" on {decision.channel}" if decision.channel else ""
    why = f": {decision.reason.replace('_', ' ')}" if decision.reason else ""
    return f"  {decision.at:%Y-%m-%d %H:%M}  {decision.product}: {decision.level} {decision.outcome}{where}{why}"
