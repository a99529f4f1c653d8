"""A board whose server answers as oddly as Redis can about others; of the town it knows no contact."""

from collections.abc import Callable, Collection
from random import Random
from typing import Any, Final, cast

from agents.board import Board, Link, RedisBoard, keys
from agents.board.redis import TAKE
from schemas.policy import Policy
from tests.fuzz import edges
from tests.fuzz.town import ODD_CHANNELS

MOST_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""
VALUES: Final = (
    *(str(number).encode() for number in edges.INTEGERS), *edges.BYTES, b"nan", b"inf", b"-inf", b"1e308", b"0x10",
    b" 7 ", b"1_000", b"\xd9\xa7", b"1767312000000", b"1767312000000.5",
    str(MOST_MS).encode(), str(MOST_MS + 1).encode(),
    str(MOST_MS - 86_400_000).encode(), b"-62135596800000", b"-62135596800001", b"9" * 5_000,
)  # fmt: skip
TOKENS: Final = (0, 1, -1, -(2**63), 2**63 - 1)
Words = tuple[Any, ...]


class OddServer:
    """Answers in the place of a link: about the town as an empty server would, about all else with odd values."""

    def __init__(self, town: Collection[str], seed: int) -> None:
        self._town = {keys.contact(user) for user in town}
        self._odd = {keys.rate(channel) for channel in ODD_CHANNELS}
        self._dice = Random(f"answers {seed}")

    async def ask(self, fill: Callable[[Any], object], words: int = 1) -> list[Any]:
        """An answer to each command."""
        asked = _Commands()
        fill(asked)
        return [self._answer(*command) for command in asked.all]

    def _answer(self, name: str, *words: Any) -> Any:
        if name == "MGET":
            return [None if key in self._town else self._contact() for key in words]
        if words[0] == TAKE:
            count = int(words[1])
            named, wanted = words[2 : 2 + count], words[5 + count :: 3]
            return [self._granted(key, int(most)) for key, most in zip(named, wanted, strict=True)]
        return None

    def _contact(self) -> bytes | None:
        return self._dice.choice(VALUES) if self._dice.random() < 0.4 else None

    def _granted(self, key: str, wanted: int) -> int:
        return self._dice.choice((wanted, wanted, *TOKENS)) if key in self._odd else wanted


class _Commands:
    def __init__(self) -> None:
        self.all: list[Words] = []

    def execute_command(self, *words: Any) -> None:
        self.all.append(words)


def odd_board(policy: Policy, town: Collection[str], seed: int) -> Board:
    """The board of the product itself, on such a server."""
    return RedisBoard(cast(Link, OddServer(town, seed)), policy, partitions=4)
