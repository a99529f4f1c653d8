"""What one event says of its user beside his health: complaints, a removed app, consent (E3-E5); as a sign, or nothing.

The dispatcher knows of app events what is said here, and nothing else.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

from schemas.channel import Channel
from schemas.ids import sign_id
from schemas.policy import Role
from schemas.sign import Sign, SignKind
from streams.health.state import State
from streams.intake import Event

CONSENT: Final = {Role.CHANNEL_OPT_IN: SignKind.OPTED_IN, Role.CHANNEL_OPT_OUT: SignKind.OPTED_OUT}
"""What these events say is decided by their own time, so none of them is too late."""

ROLES: Final = frozenset({Role.UNINSTALLED, *CONSENT})
"""Events that are kept apart by their ids (A4) for their signs alone."""

EVERY: Final = "*"


def sign_of(
    event: Event, role: Role, state: State, before: Sequence[int], active: bool, policy_hash: str
) -> Sign | None:
    """What the dispatcher must know of an event that the state has absorbed; the state had open complaints ``before``.

    ``active``: the event is a sign of life. None where there is nothing to say, and where an event about consent names
    no channel that anybody has here.
    """
    if role in CONSENT:
        return _consent(event, role, policy_hash)
    if state.complaints != before:
        return _complaints(event, state, before, policy_hash)
    return _app(event, state, role, active, policy_hash)


def _complaints(event: Event, state: State, before: Sequence[int], policy_hash: str) -> Sign:
    settled = all(each in before for each in state.complaints)
    kind = SignKind.COMPLAINT_RESOLVED if settled else SignKind.COMPLAINT_OPENED
    said = datetime.fromtimestamp(state.said, UTC)
    return _sign(event, kind, policy_hash, at=max(event.time, said), open_complaints=len(state.complaints))


def _app(event: Event, state: State, role: Role, active: bool, policy_hash: str) -> Sign | None:
    """The app was removed, or one that was is used again by a later activity of the same source."""
    seconds, source = int(event.time.timestamp()), crc32(event.source.encode())
    if seconds <= state.gone:
        return None
    if role is Role.UNINSTALLED:
        state.gone, state.gone_from = seconds, source
        return _sign(event, SignKind.UNINSTALLED, policy_hash)
    if active and state.gone and source == state.gone_from:
        state.gone = state.gone_from = 0
        return _sign(event, SignKind.USED_AGAIN, policy_hash)
    return None


def _consent(event: Event, role: Role, policy_hash: str) -> Sign | None:
    """The user's word about a channel; opting out of none that is named is opting out of all."""
    name = event.properties.get("channel")
    channel = next((each for each in Channel if each == name), None)
    if channel is None and (role is Role.CHANNEL_OPT_IN or name not in (None, EVERY)):
        return None
    return _sign(event, CONSENT[role], policy_hash, channel=channel)


def _sign(
    event: Event,
    kind: SignKind,
    policy_hash: str,
    at: datetime | None = None,
    channel: Channel | None = None,
    open_complaints: int | None = None,
) -> Sign:
    return Sign(
        id=sign_id(event.user_id, event.source, event.id),
        kind=kind,
        user_id=event.user_id,
        product=event.product,
        source=event.source,
        event=event.id,
        at=(at or event.time).astimezone(UTC),
        channel=channel,
        open_complaints=open_complaints,
        policy_hash=policy_hash,
    )
