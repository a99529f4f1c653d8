"""The ways to reach a user."""

from enum import StrEnum


class Channel(StrEnum):
    """Closed: also the values of every ``channel`` label in metrics."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    WECHAT = "wechat"
    WECOM = "wecom"
    CALL = "call"
