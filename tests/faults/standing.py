"""Partitions that stand still: something is there to be read, and for long nothing of it is."""

from collections.abc import Mapping

LONGEST_SECONDS = 30.0
"""A takeover takes a session and some seconds; whatever takes longer is a standstill."""


class Standing:
    """Looks at positions now and then; ``found`` says which partitions stood still, each standstill once."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, float]] = {}
        self._said: set[tuple[str, int]] = set()
        self.found: list[str] = []

    def look(self, behind: Mapping[str, int], now: float) -> None:
        """``behind`` has the position of every partition that is not at its end; ``now`` is in seconds of this machine.

        >>> standing = Standing()
        >>> standing.look({"health[0] of app.events": 7}, 0.0)
        >>> standing.look({"health[0] of app.events": 7}, 31.0)
        >>> standing.found
        ['health[0] of app.events did not move from 7 for 31 s']
        """
        for place, position in behind.items():
            at, since = self._since.get(place, (-1, now))
            if at != position:
                self._since[place] = position, now
            elif now - since > LONGEST_SECONDS and (place, position) not in self._said:
                self._said.add((place, position))
                self.found.append(f"{place} did not move from {position} for {now - since:.0f} s")
        for place in self._since.keys() - behind.keys():
            del self._since[place]

    def excuse(self) -> None:
        """Nobody could have read meanwhile: the broker was away."""
        self._since.clear()
