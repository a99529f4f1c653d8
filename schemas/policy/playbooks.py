"""What to do about a warning: whom, on which channels, with which words (D1)."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy.section import Section
from schemas.warning import Level

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2_048)]


def _warned(level: Level) -> Level:
    if level is Level.RECOVERED:
        raise PydanticCustomError("no_warning", "is the end of a warning and needs no treatment")
    return level


class Playbook(Section):
    """One treatment; of those that fit a warning's level, product and class, the first in the file is taken."""

    name: Name = Field(description="unique name: lower case letters, digits, '_', '-' and '.', at most 64")
    message_class: MessageClass = Field(
        default=MessageClass.PROMOTION,
        alias="class",
        description="promotion, or care: it answers users with an open complaint, and nobody else",
    )
    levels: tuple[Annotated[Level, AfterValidator(_warned)], ...] = Field(
        min_length=1, description="a list of the levels it answers: watch, risk, critical"
    )
    products: tuple[str, ...] = Field(
        default=("*",), min_length=1, description="a list of the products it answers, or ['*'] for all"
    )
    channels: tuple[Channel, ...] = Field(
        min_length=1, description="a list of configured channels, in the order they are tried"
    )
    template: Text = Field(
        description="name of a template in [templates], or of one that the messaging system has, 1 to 4096 characters"
    )
    parameters: dict[str, str] = Field(default={}, description="fixed parameters of the template, a table of texts")
    link: Link | None = Field(default=None, description="where the message leads, an http(s) address")
    short_link: Link | None = Field(
        default=None, description="a short address that leads to link; texts show it in link's place"
    )
    priority: int = Field(default=5, ge=1, le=9, description="1 (goes first) to 9 (goes last)")
    exempt: bool = Field(default=False, description="its messages are not held by [[caps]]")
    counted: bool = Field(default=True, description="its messages count for [[caps]]")

    def answers(self, level: Level, product: str) -> bool:
        """Whether this playbook fits a warning of a level about a product."""
        return level in self.levels and ("*" in self.products or product in self.products)
