"""What is to be objected to the texts of a policy before any message is written: told by ``policy check``."""

from collections.abc import Iterator
from itertools import product as combinations
from typing import Final

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.faults import Location
from schemas.policy import Playbook, Policy, Template, Wording
from schemas.policy.rules import Conflict, Sound
from schemas.warning import Stage
from streams.dispatch.copy.objection import Objection
from streams.dispatch.copy.template import TextTemplate, Unusable
from streams.dispatch.copy.writer import FACTS, Copywriter, Written

FIXES: Final = {
    Reason.COPY_UNRENDERABLE: "see what a template may contain; parameters stand in the playbook",
    Reason.COPY_FORBIDDEN: "say it in other words",
    Reason.COPY_INCOMPLETE: "add it",
    Reason.COPY_TOO_LONG: "shorten it, or give another text for this channel",
    Reason.COPY_LINK: "correct the address, or the rules in [wording.link]",
}
SAMPLE_USER: Final = "00000000-0000-4000-8000-000000000000"
"""Ids are of this length, mostly."""


def copy_conflicts(sound: Sound) -> Iterator[Conflict]:
    """Every objection to every text of every playbook: on each of its channels, in each language, for each occasion.

    Only what is faultless by itself is judged; nothing is, while the rules for texts are not.
    """
    if _is_faulty(sound, ("wording",)):
        return
    wording = Wording.model_validate(sound.tree.get("wording", {}))
    templates = {
        str(name): Template.model_validate(each)
        for name, each in sound.items("templates")
        if not _is_faulty(sound, ("templates", name))
    }
    used: set[str] = set()
    found: dict[tuple[Location, str], Conflict] = {}
    for number, written in sound.items("playbooks"):
        if not _is_faulty(sound, ("playbooks", number)):
            book = Playbook.model_validate(written)
            used.add(book.template)
            if book.template in templates or not _is_faulty(sound, ("templates", book.template)):
                policy = Policy(name="check", wording=wording, templates=templates, playbooks=(book,))
                for conflict in _of_playbook(number, book, policy):
                    found.setdefault((conflict.location, conflict.message), conflict)
    yield from found.values()
    yield from _unused({name: each for name, each in templates.items() if name not in used})


def _is_faulty(sound: Sound, place: Location) -> bool:
    return any(each[: len(place)] == place for each in sound.faulty)


def _of_playbook(number: int | str, book: Playbook, policy: Policy) -> Iterator[Conflict]:
    template = policy.templates.get(book.template)
    writer = Copywriter(policy)
    for name in book.parameters.keys() & set(FACTS) if template else ():
        message = "has the name of something that templates know already"
        yield Conflict(
            ("playbooks", number, "parameters", name), book.parameters[name], message, "give it another name"
        )
    for channel in book.channels:
        for locale in template.texts(channel) if template else (None,):
            for written in _on_every_occasion(writer, book, channel, locale):
                for objection in written.objections:
                    yield _conflict(objection, number, book, template, channel, locale)


def _on_every_occasion(writer: Copywriter, book: Playbook, channel: Channel, locale: str | None) -> Iterator[Written]:
    """A text may differ by product, level and stage."""
    products = ("default" if each == "*" else each for each in book.products)
    for product, level, stage in combinations(products, book.levels, Stage):
        occasion = {"user": SAMPLE_USER, "product": product, "level": level.value, "stage": stage.value}
        yield writer.write(book, channel, locale, occasion)


def _conflict(
    objection: Objection,
    number: int | str,
    book: Playbook,
    template: Template | None,
    channel: Channel,
    locale: str | None,
) -> Conflict:
    """The objection at the place where it can be mended."""
    fix = FIXES[objection.reason]
    if template is None or locale is None or objection.where in ("link", "short_link"):
        return Conflict(("playbooks", number, objection.where), getattr(book, objection.where), objection.what, fix)
    variant = template.channels.get(channel)
    own = variant is not None and bool(getattr(variant, objection.where))
    texts = getattr(variant if own else template, objection.where)
    place = ("channels", channel.value, objection.where, locale) if own else (objection.where, locale)
    message = f"cannot be sent by {channel} in playbook {book.name}: {objection.what}"
    return Conflict(("templates", book.template, *place), texts.get(locale), message, fix)


def _unused(templates: dict[str, Template]) -> Iterator[Conflict]:
    """Whether what no playbook uses could be used at all."""
    for name, template in templates.items():
        for place, part in (
            ((), template),
            *((("channels", key.value), each) for key, each in template.channels.items()),
        ):
            for field in ("subject", "text"):
                for locale, source in getattr(part, field).items():
                    try:
                        TextTemplate(source)
                    except Unusable as error:
                        location = ("templates", name, *place, field, locale)
                        yield Conflict(location, source, f"is no template: {error}", FIXES[Reason.COPY_UNRENDERABLE])
