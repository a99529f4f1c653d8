"""What a dispatcher asks the shared board before it judges, and what it hears; one round trip a transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.channel import Channel


class BoardQuestion(NamedTuple):
    """How many sends per channel may be needed, and of which users the company's last contact must be known."""

    tokens: Mapping[Channel, int]
    users: frozenset[str]


class BoardView(NamedTuple):
    """The board at one instant. Not ``reachable``: tokens are this owner's static share, contacts are not known."""

    reachable: bool
    tokens: Mapping[Channel, int]
    contacted: Mapping[str, datetime]


NOTHING = BoardQuestion({}, frozenset())
