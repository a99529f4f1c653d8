"""What learning asks of whoever keeps a product's users."""

from collections.abc import Callable, Iterable
from typing import Protocol

from streams.health.state import State


class Users(Protocol):
    """The product's users, as a population needs them."""

    def states(self, wanted: Callable[[bytes], bool]) -> Iterable[tuple[bytes, State]]:
        """All of them whose keys are wanted."""
        ...

    def state(self, key: bytes) -> State: ...
    def changed(self, key: bytes, state: State) -> None: ...
