"""The text of a message: a playbook's template on a channel, in the user's language; and every objection to it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.locale import DEFAULT, lookup
from schemas.message_class import MessageClass
from schemas.policy import Playbook, Policy
from streams.dispatch.copy.links import links_in, links_of, shown
from streams.dispatch.copy.objection import Objection
from streams.dispatch.copy.rules import Rendered, TextRules
from streams.dispatch.copy.segments import segments
from streams.dispatch.copy.template import TextTemplate, Unusable

OCCASION: Final = ("user", "product", "level", "stage")
FACTS: Final = (*OCCASION, "channel", "locale", "link")
"""What a template may name besides its playbook's parameters; ``link`` where the playbook has one."""

REMEMBERED: Final = 4_096
"""Texts that are kept: most users of a playbook, channel and language read the same."""


class Written(NamedTuple):
    """What a message says. Without ``content``: a template of the messaging system, of which we know the link alone."""

    locale: str | None = None
    subject: str | None = None
    content: str | None = None
    segments: int | None = None
    objections: tuple[Objection, ...] = ()


class Copywriter:
    """Writes for every playbook of a policy; what cannot be compiled is an objection whenever it is asked for."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._rules = TextRules(policy.wording)
        self._playbooks = {playbook.name: playbook for playbook in policy.playbooks}
        self._links = {each.name: tuple(links_of(each, policy.wording.link)) for each in policy.playbooks}
        self._templates = {source: _compiled(source) for source in _sources(policy)}
        self._names = lru_cache(None)(self._used)
        self._remembered = lru_cache(REMEMBERED)(self._written)

    def write(self, playbook: Playbook, channel: Channel, language: str | None, occasion: Mapping[str, str]) -> Written:
        """The message for an ``occasion`` (a value for each of :data:`OCCASION`); the same every time."""
        template = self._policy.templates.get(playbook.template)
        if template is None:
            return Written(objections=self._links[playbook.name])
        locale = next(each for each in lookup(language) if each in template.texts(channel))
        facts = {**playbook.parameters, **occasion, "channel": channel.value, "locale": locale}
        if (link := shown(playbook)) is not None:
            facts["link"] = link
        names = self._names(playbook.template, channel, locale)
        given = tuple((name, facts[name]) for name in names if name in facts)
        return self._remembered(playbook.name, channel, locale, given)

    def _used(self, template: str, channel: Channel, locale: str) -> list[str]:
        """The names in subject and text, whatever they stand for."""
        used = (self._templates[source] for source in self._parts(template, channel, locale) if source is not None)
        return sorted(set[str]().union(*(each.names for each in used if isinstance(each, TextTemplate))))

    def _parts(self, name: str, channel: Channel, locale: str) -> tuple[str | None, str]:
        """The sources of subject and text."""
        template = self._policy.templates[name]
        has_subject = self._policy.wording.limits.of(channel).subject is not None
        subjects = template.subjects(channel) if has_subject else {}
        return subjects.get(locale, subjects.get(DEFAULT)), template.texts(channel)[locale]

    def _written(self, name: str, channel: Channel, locale: str, given: tuple[tuple[str, str], ...]) -> Written:
        playbook, objections = self._playbooks[name], list(self._links[name])
        subject, text = (
            None if source is None else self._render(where, source, dict(given), objections)
            for where, source in zip(("subject", "text"), self._parts(playbook.template, channel, locale), strict=True)
        )
        if subject is None and self._policy.wording.limits.of(channel).subject is not None:
            objections.append(Objection(Reason.COPY_INCOMPLETE, "subject", f"{channel} has one, and this has none"))
        if text is None:
            return Written(locale, objections=tuple(objections))
        subject = subject and " ".join(subject.split())
        count = segments(text) if channel is Channel.SMS else None
        message = Rendered(channel, locale, subject, text, count)
        objections += self._rules.objections(message, promotion=playbook.message_class is MessageClass.PROMOTION)
        objections += links_in(text, playbook, self._policy.wording.link)
        return Written(locale, subject, text, count, tuple(objections))

    def _render(self, where: str, source: str, given: Mapping[str, str], objections: list[Objection]) -> str | None:
        try:
            template = self._templates[source]
            if isinstance(template, Unusable):
                raise template
            if not (text := template.render(given)).strip():
                raise Unusable("there is nothing in it")
        except Unusable as error:
            objections.append(Objection(Reason.COPY_UNRENDERABLE, where, str(error)))
            return None
        return text


def _sources(policy: Policy) -> Iterator[str]:
    for template in policy.templates.values():
        for texts in (template.text, template.subject):
            yield from texts.values()
        for variant in template.channels.values():
            yield from (*variant.text.values(), *variant.subject.values())


def _compiled(source: str) -> TextTemplate | Unusable:
    try:
        return TextTemplate(source)
    except Unusable as error:
        return error
