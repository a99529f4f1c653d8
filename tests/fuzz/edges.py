"""Values at the edges of what JSON, Kafka and Redis can hold, drawn with a seeded die."""

from random import Random
from typing import Any, Final

POWERS: Final = (2**31, 2**53, 2**63, 2**64, 10**18, 10**30, 10**4_299)
INTEGERS: Final = (0, 1, -1, *(sign * (power + step) for power in POWERS for sign in (1, -1) for step in (-1, 0, 1)))
FLOATS: Final = (
    0.0, -0.0, 0.1, 5e-324, -5e-324, 2.2e-308, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 1e22, 2.0**63,
)  # fmt: skip
OFFSETS: Final = ("Z", "z", "+00:00", "-00:00", "+14:00", "-14:00", "+23:59", "-23:59", "+24:00", "+08", "+0800", "")
DAYS: Final = (
    "0000-12-31", "0001-01-01", "0001-01-02", "1899-12-31", "1970-01-01", "1999-12-31", "2000-01-01", "2024-02-29",
    "2026-02-29", "2038-01-19", "2099-12-31", "2100-01-01", "9999-12-30", "9999-12-31",
    "10000-01-01", "292277026596-12-04",
)  # fmt: skip
CLOCKS: Final = (
    "00:00:00", "00:00:00.000001", "23:59:59", "23:59:59.999999", "23:59:59.9999999", "23:59:60",
    "24:00:00", "25:00:00", "12:00", "12",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\0", "\0partition", "a\0b", "\ud800", "\udfff\ud800", "\u202eabc\u202c", "שלום", "مرحبا",
    "👨‍👩‍👧‍👦" * 9, "é" * 256, "x" * 256, "x" * 257, "👍" * 256, "👍" * 257, "\U0010ffff" * 64, "\ufeff",
    "\r\n", "\u2028",
    "*", "/", "null", "None", "nan", "-1", "0", "1e400", "{{ user }}", "{% for %}", "%s%n", "../../etc/passwd", "'; --",
    "x" * 65, "y" * 1_001, "z" * 70_000, "\x7f" * 40, "a.b", "zh-" * 20, "Pacific/Apia", "Etc/GMT+12",
    "../UTC", "UTC\0",
)  # fmt: skip
BYTES: Final = (
    b"", b"\0", b"\0partition", b"\xff", b"\xff" * 300, b"\xc3\x28", b"\xed\xa0\x80", b"x" * 70_000,
    b"\x1f\x8b\x08\x00", b"\x93NUMPY",
)  # fmt: skip
STAMPS: Final = (-1, 0, 1, 946_684_799_999, 4_102_444_800_000, 253_402_300_799_999, 253_402_300_800_000, 2**63 - 1)
"""Record times that Kafka can hold, in milliseconds; -1 is none."""
DEEP: Final = 100_000


def moment(dice: Random) -> str:
    """A time in the words of RFC 3339, or almost."""
    return f"{dice.choice(DAYS)}{dice.choice('TTTTt _')}{dice.choice(CLOCKS)}{dice.choice(OFFSETS)}"


def scalar(dice: Random) -> Any:
    """Any JSON value without parts."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.choice(INTEGERS)
    if kind == 1:
        return dice.choice(FLOATS)
    if kind == 2:
        return moment(dice)
    if kind == 3:
        return dice.choice((None, True, False))
    return dice.choice(TEXTS)


def value(dice: Random, depth: int = 3) -> Any:
    """Any JSON value: mostly a scalar, now and then a list or an object of them."""
    shape = dice.random()
    if depth == 0 or shape < 0.7:
        return scalar(dice)
    parts = [value(dice, depth - 1) for _ in range(dice.choice((0, 1, 2, 5)))]
    return parts if shape < 0.85 else {str(dice.choice(TEXTS)): part for part in parts}


def raw(dice: Random) -> bytes:
    """Bytes that need not be JSON."""
    return dice.choice((dice.choice(BYTES), dice.randbytes(dice.choice((1, 2, 7, 64, 500)))))


def nested(dice: Random) -> bytes:
    """JSON that is nested deeper than a parser goes."""
    opening, closing = dice.choice(((b"[", b"]"), (b'{"a":', b"}")))
    depth = dice.choice((200, 1_000, DEEP))
    return opening * depth + b"1" + (closing * depth if dice.random() < 0.5 else b"")
