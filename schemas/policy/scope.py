"""Which messages a rule of the gate is about: by channel and by class."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy.section import Section

EVERY = "*"


def _channel(name: str) -> str:
    if name not in (EVERY, *Channel):
        raise PydanticCustomError("channel", "is no channel")
    return name


def _class(name: str) -> str:
    if name not in (EVERY, *MessageClass):
        raise PydanticCustomError("class", "is no class of messages")
    return name


class Scope(Section):
    """Messages of these classes on these channels."""

    channels: tuple[Annotated[str, AfterValidator(_channel)], ...] = Field(
        default=(EVERY,), min_length=1, description="a list of channels, or ['*'] for all"
    )
    classes: tuple[Annotated[str, AfterValidator(_class)], ...] = Field(
        default=(EVERY,), min_length=1, description="a list of classes (promotion, care), or ['*'] for all"
    )

    def covers(self, channel: Channel, kind: MessageClass) -> bool:
        """Whether a message of a class on a channel is meant.

        >>> Scope(channels=("sms",)).covers(Channel.SMS, MessageClass.CARE)
        True
        >>> Scope(channels=("sms",), classes=("promotion",)).covers(Channel.SMS, MessageClass.CARE)
        False
        """
        return _has(self.channels, channel) and _has(self.classes, kind)


def _has(names: tuple[str, ...], name: str) -> bool:
    return EVERY in names or name in names
