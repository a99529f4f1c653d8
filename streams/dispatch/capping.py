"""The policy's caps: which of them are about a message, and how long one may count for any (E9)."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from schemas.channel import Channel
from schemas.message_class import MessageClass
from schemas.policy import Cap


class Caps:
    """Every cap of a policy, each looked up once for a channel and class."""

    def __init__(self, caps: Sequence[Cap]) -> None:
        self._caps = caps
        self.on = cache(self._on)
        spans = [timedelta(hours=max(cap.hours or 0, cap.gap_hours)) for cap in caps]
        self.memory = max((*spans, *(timedelta(days=cap.days + 2) for cap in caps if cap.days)), default=timedelta())
        """How long a message may count; a calendar day may be longer than 24 hours, wherever the user goes."""

    def _on(self, channel: Channel, kind: MessageClass) -> tuple[Cap, ...]:
        """The caps that a class of message on a channel may fill, in the policy's order."""
        return tuple(cap for cap in self._caps if cap.covers(channel, kind))
