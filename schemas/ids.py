"""Names that are the same on every run: UUIDv5 (RFC 9562) over what makes a fact unique, never over the policy.

Two workers, a replay and a restart therefore give one fact one id.
"""

from datetime import UTC, date, datetime
from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("5d1a3c1e-7d0b-5c39-9d5c-0f6b4c8f2a11")


_SPACE = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # RFC 9562, section 4.1: bits 10


def _name(kind: str, *parts: object) -> str:
    r"""What ``str(uuid5(NAMESPACE, ...))`` gives, at a fifth of the time: three of them are made for every message.

    >>> from uuid import uuid5
    >>> _name("a", 1, "b") == str(uuid5(NAMESPACE, "a\x1f1\x1fb"))
    True
    """
    text = sha1(_SPACE + "\x1f".join((kind, *map(str, parts))).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def episode_id(user_id: str, product: str, last_occasion: date) -> str:
    """One silence: it begins on the day of the user's last occasion.

    >>> episode_id("u1", "shop", date(2026, 1, 2)) == episode_id("u1", "shop", date(2026, 1, 2))
    True
    >>> episode_id("u1", "shop", date(2026, 1, 2)) == episode_id("u1", "shop", date(2026, 1, 3))
    False
    """
    return _name("episode", user_id, product, last_occasion.isoformat())


def warning_id(episode: str, level: str) -> str:
    """One warning: a level of an episode, whatever rules called for it; ``recovered`` is a level of its own."""
    return _name("warning", episode, level)


def stage_id(user_id: str, product: str, at: datetime, stage: str) -> str:
    """One change of a churn stage: a user reaches a stage at a moment."""
    return _name("stage", user_id, product, at.astimezone(UTC).isoformat(), stage)


def sign_id(user_id: str, source: str, event: str) -> str:
    """What one event says of a user: an event leaves one sign at most."""
    return _name("sign", user_id, source, event)


def recall_id(user_id: str, first_episode: str, stage: str) -> str:
    """One recall: a user, the first episode it answers and the churn stage, over all products, levels and channels."""
    return _name("recall", user_id, first_episode, stage)


def message_id(recall: str, channel_number: int) -> str:
    """The n-th channel (from 1) a recall was sent on; also the idempotency key for the messaging system."""
    return _name("message", recall, channel_number)


def decision_id(warning: str, number: int) -> str:
    """The n-th decision (from 1) about one candidate."""
    return _name("decision", warning, number)
