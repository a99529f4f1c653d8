"""What is kept of one user in one product: a packed record of at most 400 bytes, and its key.

A record is a version byte, the due time of its deadline (so that the queue is rebuilt without unpacking), and the
fields of :class:`State` as a MessagePack array. Days count from 1970-01-01 in the product's zone.
"""

from struct import Struct
from typing import Annotated, Final
from zlib import crc32

import msgspec

from streams.codec import Codec
from streams.health.window import EMPTY, RING_BYTES

NEVER: Final = 0xFFFF_FFFF
"""The due time, in seconds since 1970, of a user for whom nothing can fall due."""

SEEN: Final = 16
"""How many event ids of a user are remembered (A4)."""

DIGEST_BYTES: Final = 8
COMPLAINTS: Final = 4
ALL_ARMED: Final = 0b111
"""A bit a level, WATCH the lowest."""

_DUE: Final = Struct(">I")


class State(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """One user in one product, as of the last occasion (a day with activity).

    Before the first one ``first`` is -1, and ``last`` is the day of the first complaint, if any. What happens later in
    a silence is kept apart from what its index is read with (``negatives_since``, ``today``).
    """

    first: int = -1
    last: int = -1
    repeats: int = 0
    """x: occasions after the first."""
    count: float = 0.0
    exposure: float = 0.0
    recent_count: float = 0.0
    recent_exposure: float = 0.0
    """n, E and n₂₈, E₂₈: weighted occasions and days with a memory of 120 and of 28 days."""
    week: int = 0
    """The week whose snapshot the running silence is read with."""
    baseline: float = -1.0
    """B as the last occasion's week began to hold it; -1 until the silence after the first repeat has ended."""
    depth_fast: float = 0.0
    depth_slow: float = 0.0
    today: int = 0
    """Events on the day ``last``; folded into depth at the next occasion."""
    negatives: float = 0.0
    negatives_since: float = 0.0
    """Complaints and low scores up to ``last`` and after it, each weighted by exp(-days before ``last`` / 28)."""
    complaints: list[int] = []
    """The last four open complaints, by hash."""
    armed: int = ALL_ARMED
    """The levels (bits) that could warn when the last silence ended."""
    spoken: int = 0
    """The highest level that has warned in the running episode: 0 none, 1 WATCH, 2 RISK, 3 CRITICAL."""
    risk_day: int = -1
    critical_day: int = -1
    """The day of the last warning of at least this level, -1 for none: its cool-down counts from there."""
    asked_day: int = -1
    asked: int = 0
    asked_flags: int = 0
    """The prediction that waits to come true, if the user is sampled: its day (-1: none), the probability of silence
    in millionths, and the flags (bits) the user had."""
    seen: Annotated[bytes, msgspec.Meta(max_length=SEEN * DIGEST_BYTES)] = b""
    """Digests of the last 16 event ids, the newest at the end."""
    window: Annotated[bytes, msgspec.Meta(min_length=RING_BYTES, max_length=RING_BYTES)] = EMPTY
    watch_day: int = -1
    """The day of the last warning of any level, -1 for none."""
    since: int = -1
    """The last occasion before the first warning of the running episode; of no meaning while nothing was said in it."""
    said: int = 0
    """When something was last said of the user, seconds since 1970, rounded up: nothing later is dated earlier."""
    alarms: int = 0
    """The alarm rules (bits) that have called for a warning in the running episode."""
    disarmed: int = 0
    """The alarm rules (bits) whose own condition has not ended since they called for a warning."""
    key_day: int = -1
    """The day of the last key behaviour, -1 for none (B1)."""
    stage: int = 0
    """The churn stage, by its number (B8): see :mod:`streams.health.stage`."""
    returned_day: int = -1
    """The day of the last return from a lapse, until it has lasted."""
    asked_until: int = -1
    """The day on which the prediction that waits has come true or not."""
    key_days: int = 0
    """The last 28 days with the key behaviour, up to ``key_day``, by bit."""
    unhappy_day: int = -1
    unhappy_days: int = 0
    """The newest day with a complaint or a low score, -1 for none, and the last 28 such days up to it, by bit."""
    gone: int = 0
    gone_from: int = 0
    """When the app was removed, seconds since 1970, and the hash of the source that said so; 0 while it is not."""

    @property
    def begun(self) -> bool:
        """Whether there was an occasion."""
        return self.first >= 0


def _named(key: bytes) -> str:
    user, product = user_and_product(key)
    return f"of user {user!r} in product {product!r}"


STATES: Final = Codec("health-user", State, head=_DUE.size, naming=_named)


def pack(state: State, due: int = NEVER) -> bytes:
    """The record of a state whose deadline is due at a time (seconds since 1970) or later.

    >>> unpack(b"k", pack(State(first=20_000, last=20_007))) == State(first=20_000, last=20_007)
    True
    """
    return STATES.pack(state, _DUE.pack(due))


def unpack(key: bytes, record: bytes) -> State:
    """The state in a record; raises as :meth:`streams.codec.Codec.unpack` does, naming the user."""
    return STATES.unpack(key, record)


def due_of(key: bytes, record: bytes) -> int:
    """When the deadline in a record is due at the earliest, seconds since 1970, or :data:`NEVER`.

    >>> due_of(b"k", pack(State(), due=1_760_000_000))
    1760000000
    """
    STATES.check(key, record)
    return int(_DUE.unpack_from(record, 1)[0])


def hash_of(key: bytes) -> int:
    """The hash of a key's user, 0 to 2^32 - 1: it spreads looks over the day, and chooses who is sampled.

    >>> hash_of(key_of("u1", "shop")) == hash_of(key_of("u1", "grocery"))
    True
    """
    return crc32(key[: -2 - int.from_bytes(key[-2:], "big")])


def ending(product: str) -> bytes:
    """What every key of a product ends with: the product and the length of its name."""
    name = product.encode()
    return name + len(name).to_bytes(2, "big")


def key_of(user_id: str, product: str) -> bytes:
    """The key of a user's record in a product; no two pairs share one, whatever characters they use."""
    return user_id.encode() + ending(product)


def ending_of(key: bytes) -> bytes:
    """The ending of a key; what stands before it is the user.

    >>> ending_of(key_of("u1", "shop")) == ending("shop")
    True
    """
    return key[-2 - int.from_bytes(key[-2:], "big") :]


def user_and_product(key: bytes) -> tuple[str, str]:
    """Whom a key is about.

    >>> user_and_product(key_of("u1", "shop"))
    ('u1', 'shop')
    """
    product = ending_of(key)
    return key[: -len(product)].decode(errors="replace"), product[:-2].decode(errors="replace")
