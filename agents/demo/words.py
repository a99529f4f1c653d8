"""A fact in a line, for people."""

from schemas.base import Message
from schemas.decision import Call, Decision, Outcome
from schemas.outbound import Outbound
from schemas.warning import Level, Warning

POINT = 1000


def told(message: Message) -> str:
    """The line that says a warning, a decision or a message with its reasons."""
    match message:
        case Warning():
            return of_warning(message)
        case Decision():
            return of_decision(message)
        case Outbound():
            return of_message(message)
    raise TypeError(f"{type(message).__name__} has no line; give a Warning, a Decision or an Outbound")


def of_warning(warning: Warning) -> str:
    """Who, how bad, what took the points, and what is known of him."""
    if warning.level is Level.RECOVERED:
        return f"{warning.user_id} is back: health {warning.index / POINT:.1f}, {warning.stage}"
    lost = " ".join(
        f"- {points / POINT:.1f} {part.replace('_', ' ')}" for part, points in warning.parts.items() if points
    )
    health = f"health {warning.index / POINT:.1f} = 100 {lost}"
    return f"{warning.user_id} {warning.level.upper()}: {health}{_evidence(warning)}"


def _evidence(warning: Warning) -> str:
    found = warning.evidence
    if found is None:
        return ""
    said = f"; silent {found.silent_days:.0f} days, usual gap {found.usual_gap_days:.1f}"
    said += f", active {found.active_days_28} of 28"
    return said + (f", {found.open_complaints} open complaint" if found.open_complaints else "")


def of_decision(decision: Decision) -> str:
    """What was decided about whom, and the words of the stage that decided."""
    said = f"{decision.user_id} {decision.level} {decision.outcome.upper()}"
    if decision.outcome is Outcome.SENT:
        refused = [f"{each.channel} {each.reason}" for each in decision.trace if each.call is not Call.PASS]
        passed = f", after {', '.join(refused)}" if refused else f", {len(decision.trace)} verdicts, all pass"
        return f"{said} on {decision.channel} by {decision.playbook}{passed}"
    detail = next((each.detail for each in decision.trace if each.reason is decision.reason and each.detail), "")
    said += f": {decision.reason}" + (f" ({detail})" if detail else "")
    return said + (f", until {decision.earliest:%a %H:%M} UTC" if decision.earliest else "")


def of_message(message: Outbound) -> str:
    """What goes to whom on which way, and what it costs."""
    given = " ".join(f"{name}={value}" for name, value in message.parameters.items())
    return f"{message.user_id} {message.channel}: {message.template} {given} (cost {message.cost:g})"
