"""Languages of texts: BCP 47 tags, looked up from the special to the general (RFC 4647, 3.4), then ``default``."""

from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

DEFAULT: Final = "default"
LONGEST: Final = 35
"""Characters of the longest tag that is looked at (RFC 5646, 4.4.1)."""

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,8}(-[a-z0-9]{1,8})*$", max_length=LONGEST)]
"""A language tag in lower case, or ``default``."""

T = TypeVar("T")


def _for_everybody(texts: dict[str, T]) -> dict[str, T]:
    if texts and DEFAULT not in texts:
        raise PydanticCustomError("no_default", "has no 'default', for users whose language is not listed")
    return texts


ForEverybody = AfterValidator(_for_everybody)
"""Of what stands there by language, something is meant for every user; nothing may stand there."""


def lookup(language: str | None) -> Iterator[str]:
    """The tags under which a text for this language may stand, the best first.

    >>> list(lookup("zh-Hans-CN")), list(lookup("pt_BR")), list(lookup(None))
    (['zh-hans-cn', 'zh-hans', 'zh', 'default'], ['pt-br', 'pt', 'default'], ['default'])
    >>> list(lookup("zh-t-en"))
    ['zh-t-en', 'zh', 'default']
    """
    parts = (language or "")[:LONGEST].replace("_", "-").lower().split("-")
    while parts and parts[0]:
        yield "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    yield DEFAULT
