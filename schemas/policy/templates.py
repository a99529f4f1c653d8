"""What messages say: texts by language, with variants for single channels (E11)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.channel import Channel
from schemas.locale import ForEverybody, Locale
from schemas.policy.section import Section

TEXT_CHARACTERS = 4_096
TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS)]
Texts = Annotated[dict[Locale, TemplateText], ForEverybody]


class Variant(Section):
    """Another subject or text on one channel, in every language of the template."""

    subject: Texts = Field(default={}, description="language -> subject on this channel; none: the template's")
    text: Texts = Field(default={}, description="language -> text on this channel; none: the template's")


class Template(Section):
    """A message in words, in each language; a playbook names it. See "What a template may contain"."""

    subject: Texts = Field(default={}, description="language -> subject, for the channels that have one (mail, push)")
    text: Texts = Field(
        min_length=1, description="language -> text, such as { default = '…', en = '…' }, each at most 4096 characters"
    )
    channels: dict[Channel, Variant] = Field(default={}, description="a table a channel that says it in other words")

    def texts(self, channel: Channel) -> dict[str, str]:
        """The text on a channel, by language."""
        variant = self.channels.get(channel)
        return (variant and variant.text) or self.text

    def subjects(self, channel: Channel) -> dict[str, str]:
        """The subject on a channel, by language."""
        variant = self.channels.get(channel)
        return (variant and variant.subject) or self.subject
