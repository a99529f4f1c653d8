"""What a rendered message must and must not be, on its channel and in its language; every objection, not the first."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.locale import lookup
from schemas.policy import Limit, Wording
from streams.dispatch.copy.links import written
from streams.dispatch.copy.objection import Objection
from streams.dispatch.copy.words import Words


class Rendered(NamedTuple):
    """Subject and text as they would be read; ``segments`` of a short message."""

    channel: Channel
    locale: str
    subject: str | None
    text: str
    segments: int | None = None


class TextRules:
    """The policy's rules about words and lengths, ready to be applied."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._forbidden = Words(wording.forbidden)
        self._required = [
            (part, {locale: Words(words) for locale, words in part.any_of.items()}) for part in wording.required
        ]

    def objections(self, message: Rendered, promotion: bool) -> Iterator[Objection]:
        """What is wrong with a message; only of promotion are words forbidden and parts required."""
        if promotion:
            yield from self._found(message)
            yield from self._missing(message)
        yield from _too_long(message, self._wording.limits.of(message.channel))

    def _found(self, message: Rendered) -> Iterator[Objection]:
        for where, text in (("subject", message.subject or ""), ("text", message.text)):
            for word, place in self._forbidden.found(text):
                yield Objection(Reason.COPY_FORBIDDEN, where, f"the word {word!r} at character {place} is forbidden")

    def _missing(self, message: Rendered) -> Iterator[Objection]:
        for part, by_locale in self._required:
            if message.channel not in part.channels or (part.with_link and not written(message.text)):
                continue
            locale = next(each for each in lookup(message.locale) if each in by_locale)
            if not any(by_locale[locale].found(message.text)):
                words = " or ".join(map(repr, part.any_of[locale]))
                yield Objection(Reason.COPY_INCOMPLETE, "text", f"the part {part.part} is missing: {words}")


def _too_long(message: Rendered, limit: Limit) -> Iterator[Objection]:
    for where, size, most, unit in (
        ("subject", len(message.subject or ""), limit.subject, "characters"),
        ("text", len(message.text), limit.characters, "characters"),
        ("text", message.segments, limit.segments, "short messages"),
    ):
        if size is not None and most is not None and size > most:
            yield Objection(Reason.COPY_TOO_LONG, where, f"{size} {unit}, at most {most} are sent by {message.channel}")
