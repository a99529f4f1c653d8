"""The whole policy: every number and rule the business owns, in one frozen tree with a name of its own content."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import Field

from schemas.channel import Channel
from schemas.policy.breaker import BreakerPolicy
from schemas.policy.budgets import Blast, Budgets, Volume
from schemas.policy.caps import CAPS, Cap
from schemas.policy.gate import ChannelPolicy, Dispatch
from schemas.policy.health import Intake, Product, Warnings
from schemas.policy.playbooks import Name, Playbook
from schemas.policy.quiet import QUIET_HOURS, QuietHours
from schemas.policy.roles import Role, Source
from schemas.policy.section import Section
from schemas.policy.silence import Silence
from schemas.policy.templates import Template
from schemas.policy.wording import Wording

DEFAULT_PRODUCT = "default"


class Policy(Section):
    """What the business decided. Each field is checked here; rules between fields are checked by ``parse_policy``."""

    name: Name = Field(description="name of the policy: lower case letters, digits, '_', '-' and '.', at most 64")
    products: dict[str, Product] = Field(
        default={DEFAULT_PRODUCT: Product()},
        description="a table a product; 'default' stands for all that are not listed",
    )
    events: dict[str, Role] = Field(
        default={}, description="the app's event name -> role; other events are counted only"
    )
    sources: dict[str, Source] = Field(
        default={}, description="a table an event source that uses names of its own; others use [events] alone"
    )
    intake: Intake = Field(default=Intake(), description="what an input record may be")
    warnings: Warnings = Field(default=Warnings(), description="when a falling health index becomes a warning")
    channels: dict[Channel, ChannelPolicy] = Field(default={}, description="a table a channel; others are never used")
    caps: tuple[Cap, ...] = Field(default=CAPS, description="frequency caps and gaps of one user; every one holds")
    quiet_hours: tuple[QuietHours, ...] = Field(
        default=QUIET_HOURS, description="when may be sent, on the user's own clock; the first rule that fits holds"
    )
    silence: Silence = Field(default=Silence(), description="how long a user is left alone after a complaint")
    breaker: BreakerPolicy = Field(default=BreakerPolicy(), description="when a channel stops itself")
    budgets: Budgets = Field(default=Budgets(), description="what a day's messages may cost")
    volume: Volume = Field(default=Volume(), description="caps over all users together")
    blast: Blast = Field(default=Blast(), description="when a run of messages waits for an operator")
    dispatch: Dispatch = Field(default=Dispatch(), description="how long a candidate lives and when it waits")
    wording: Wording = Field(default=Wording(), description="what texts and links must and must not be")
    templates: dict[Name, Template] = Field(default={}, description="a table a template: what messages say")
    playbooks: tuple[Playbook, ...] = Field(default=(), description="treatments, the first that fits is taken")

    @cached_property
    def hash(self) -> str:
        """What this policy says, in 12 hexadecimal digits: SHA-256 of its canonical JSON, defaults written out.

        Order of keys, white space, comments and defaults that are spelled out do not change it.
        """
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other content, and therefore with a hash of its own."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("hash", None)
        return copy

    def product(self, name: str) -> Product:
        """The product's own definition of churn, or the default one."""
        return self.products.get(name) or self.products[DEFAULT_PRODUCT]

    def roles(self, source: str) -> Mapping[str, Role]:
        """What the events of a source mean, by name; a name that is not there is not known."""
        own = self.sources.get(source)
        return {**self.events, **own.events} if own else self.events
