"""What every message of ours has in common: frozen, strict about names, CloudEvents attributes in its headers."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

Headers = tuple[tuple[str, bytes], ...]

SOURCE = "churn-alerts"


class Message(BaseModel):
    """A fact on one topic: JSON value, CloudEvents 1.0 attributes in ``ce_*`` headers, keyed by :attr:`key`.

    Writers are closed (an unknown field is a fault of ours); readers are lenient (a newer writer may add fields).
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="utf8")

    TOPIC: ClassVar[str]
    TYPE: ClassVar[str]

    @property
    def key(self) -> str:
        """The record key: the user id, except where a message is not about one user."""
        raise NotImplementedError

    @property
    def ce_id(self) -> str:
        """The CloudEvents id: with the source it names this fact for ever."""
        raise NotImplementedError

    @property
    def ce_time(self) -> datetime:
        """When the fact became true."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The record value: this message as JSON, UTF-8."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def headers(self) -> Headers:
        """CloudEvents 1.0 binary-mode headers (Kafka protocol binding, section 3.2)."""
        return (
            ("ce_specversion", b"1.0"),
            ("ce_id", self.ce_id.encode()),
            ("ce_source", SOURCE.encode()),
            ("ce_type", self.TYPE.encode()),
            ("ce_time", self.ce_time.isoformat().encode()),
            ("ce_subject", self.key.encode()),
            ("content-type", b"application/json"),
        )

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The message that :meth:`encode` wrote; raises pydantic's ``ValidationError`` naming each bad field."""
        return cls.model_validate_json(value)


def header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The first value of a header, or None.

    >>> header([("ce_id", b"7")], "ce_id")
    b'7'
    """
    return next((value for key, value in headers if key == name), None)


__all__ = ["SOURCE", "AwareDatetime", "Headers", "Message", "header"]
