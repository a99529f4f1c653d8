"""What broken apps send: each of it is refused with a reason and stops nobody."""

import json
from collections.abc import Callable
from random import Random

Spoil = Callable[[dict[str, object]], bytes]


def _encoded(body: object) -> bytes:
    return json.dumps(body).encode()


WAYS: tuple[Spoil, ...] = (
    lambda body: _encoded(body)[:-20],  # cut off on its way
    lambda body: _encoded({**body, "time": "2026-06-01 10:00:00"}),  # whose time?
    lambda body: _encoded({**body, "time": "2031-01-01T00:00:00Z"}),  # a clock years ahead
    lambda body: _encoded({name: value for name, value in body.items() if name != "id"}),
    lambda body: _encoded({**body, "user_id": 4711}),
    lambda body: _encoded({**body, "properties": {"note": "caf\xe9"}}).replace(b"\\u00e9", b"\xe9"),  # Latin-1
    lambda body: _encoded([body]),
)


def spoilt(event: bytes, random: Random) -> bytes:
    """The bytes of an event, broken in one of :data:`WAYS`; none of them is accepted.

    >>> spoilt(b'{"id": "1", "user_id": "ann"}', Random(1)) != b'{"id": "1", "user_id": "ann"}'
    True
    """
    return random.choice(WAYS)(json.loads(event))
