"""How many short messages a text takes (3GPP TS 23.038 and 23.040)."""

from collections.abc import Iterable
from typing import Final

GSM7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Two septets each: they stand behind an escape."""

SEPTETS: Final = 160, 153
UNITS: Final = 70, 67
"""What fits into a message alone, and into each of several, which carry a header of 6 octets."""


def segments(text: str) -> int:
    """At least 1. GSM-7 where every character is in its alphabet or extension, else UCS-2 in UTF-16 code units.

    >>> segments("a" * 160), segments("a" * 161), segments("你" * 70), segments("你" * 71), segments("€" * 80 + "a")
    (1, 2, 1, 2, 2)
    """
    if GSM7.issuperset(text) or all(each in GSM7 or each in EXTENSION for each in text):
        return _filled((2 if each in EXTENSION else 1 for each in text), *SEPTETS)
    return _filled((2 if each > "\uffff" else 1 for each in text), *UNITS)


def _filled(widths: Iterable[int], alone: int, each: int) -> int:
    """Messages for characters of these widths; none is torn in two (an escape, a surrogate pair)."""
    widths = list(widths)
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > each:
            count, used = count + 1, 0
        used += width
    return count
