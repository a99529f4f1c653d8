"""What every message of ours has in common: frozen, strict about names, CloudEvents attributes in its headers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, ClassVar, Self

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from schemas.version import NewerRecord, Upgrades, upgraded

Headers = tuple[tuple[str, bytes], ...]

SOURCE = "churn-alerts"

_SPECVERSION = ("ce_specversion", b"1.0")
_SOURCE = ("ce_source", SOURCE.encode())
_CONTENT_TYPE = ("content-type", b"application/json")
VERSION_HEADER = "churn-version"
"""The version of a message, in decimal digits; without this header it is 1."""


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("outside_calendar", "is outside the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with an offset that can be written in UTC; from others it may be any text."""
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""A whole number that every reader of JSON has exactly."""
Number = Annotated[float, Field(allow_inf_nan=False)]
"""A number that can be compared and added."""


class Part(BaseModel):
    """What messages are made of: a JSON object.

    Writers are closed (an unknown field is a fault of ours); readers are lenient (a newer writer may add fields).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    def encode(self) -> bytes:
        """This as JSON, UTF-8, without fields that are None."""
        return _json({name: value for name, value in self.__dict__.items() if value is not None})

    @property
    def raw(self) -> msgspec.Raw:
        """This as JSON within a message."""
        return msgspec.Raw(self.encode())

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """What :meth:`encode` wrote; raises pydantic's ``ValidationError`` naming each bad field."""
        return cls.model_validate_json(value)


class Message(Part):
    """A fact on one topic: JSON value, CloudEvents 1.0 attributes in ``ce_*`` headers, keyed by :attr:`key`."""

    TOPIC: ClassVar[str]
    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    UPGRADES: ClassVar[Upgrades] = {}
    """From the decoded JSON object of a version to that of the next."""

    @classmethod
    def read(cls, value: bytes, headers: Iterable[tuple[str, bytes]], name: str) -> Self:
        """The message in a record of ours, of this version or an older one.

        Raises :class:`schemas.version.NewerRecord` naming the record ``name``, and pydantic's ``ValidationError``.
        """
        found = int(header(headers, VERSION_HEADER) or 1)
        if found == cls.VERSION:
            return cls.decode(value)
        if found > cls.VERSION:
            raise NewerRecord(name, f"version {found}, this one reads up to {cls.VERSION}")
        return cls.model_validate(upgraded(msgspec.json.decode(value), found, cls.UPGRADES, cls.VERSION))

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

    def headers(self) -> Headers:
        """CloudEvents 1.0 binary-mode headers (Kafka protocol binding, section 3.2), and the version from 2 on."""
        said = (
            _SPECVERSION,
            ("ce_id", self.ce_id.encode()),
            _SOURCE,
            ("ce_type", self.TYPE.encode()),
            ("ce_time", self.ce_time.isoformat().encode()),
            ("ce_subject", self.key.encode()),
            _CONTENT_TYPE,
        )
        return said if self.VERSION == 1 else (*said, (VERSION_HEADER, str(self.VERSION).encode()))


class AboutUser(Message):
    """A message about one user, with an id of its own."""

    id: str
    user_id: str

    @property
    def key(self) -> str:
        return self.user_id

    @property
    def ce_id(self) -> str:
        return self.id


class Told(AboutUser):
    """What we say about one user in one product, under one policy: true from the moment ``at`` on."""

    product: str
    at: AwareDatetime
    policy_hash: str

    @property
    def ce_time(self) -> datetime:
        return self.at


_json = msgspec.json.Encoder(enc_hook=attrgetter("raw")).encode
"""Of a message msgspec knows everything but its parts, and writes it as pydantic would."""


def header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The first value of a header, or None.

    >>> header([("ce_id", b"7")], "ce_id")
    b'7'
    """
    return next((value for key, value in headers if key == name), None)


__all__ = [
    "SOURCE", "VERSION_HEADER", "AboutUser", "AwareDatetime", "Headers", "Message", "Moment", "Number", "Part", "Told",
    "Whole", "header",
]  # fmt: skip
