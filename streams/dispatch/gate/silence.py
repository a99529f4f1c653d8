"""E7: who wants silence is left alone: for some time after a complaint, and as he or an operator chose."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.decision import Reason
from schemas.message_class import MessageClass
from streams.dispatch.book import Candidate
from streams.dispatch.gate.stage import Finding, View, drop, hold


def silence(candidate: Candidate, view: View, now: datetime) -> Finding | None:
    """Drops what would expire before the silence ends, and holds until then what would not."""
    until, why = max(_silences(view), default=(now, ""))
    if until <= now:
        return None
    detail = f"{why}: silent until {until.isoformat()}"
    if until >= candidate.expires:
        return drop(Reason.SILENCED, detail)
    return hold(Reason.SILENCED, until, detail)


def _silences(view: View) -> Iterator[tuple[datetime, str]]:
    """Until when, and why; a complaint about the service silences promotions alone."""
    book, policy = view.book, view.policy.silence
    if book.silenced is not None and book.silenced.until is not None:
        yield book.silenced.until, "an operator said so"
    if book.profile is not None and book.profile.silent_until is not None:
        yield book.profile.silent_until, "the user wants it"
    if book.complained is not None:
        yield book.complained + timedelta(days=policy.message_complaint_days), "he complained about a message"
    if book.aggrieved is not None and view.message_class is MessageClass.PROMOTION:
        yield book.aggrieved + timedelta(days=policy.service_complaint_days), "he complained about the service"
