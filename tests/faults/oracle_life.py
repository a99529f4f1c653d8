"""One user's life, told event by event to the slow reference and looked at day by day, under a time that is known."""

from math import ceil
from typing import Any

from tests.faults.oracle_time import Time
from tests.faults.rules import DELAY_SECONDS
from tests.laws.reference import Lane
from tests.laws.reference_life import Life, Said

SOMEBODY = "", ""


class Lived(Lane):
    """The life of one user. His looks are made up for at his next event: until then nothing else can change them."""

    def __init__(self, time: Time, user: str) -> None:
        super().__init__(time.zone.key, time.horizon)
        self.world, self._time, self._looked = time.world, time, -1.0
        self.life = self.known[SOMEBODY] = Life(user)

    @property
    def words(self) -> list[Said]:
        """All that must have been said of the user by now."""
        self.came(self._time.newest)
        return self.said.get(SOMEBODY, [])

    def happens(self, moment: float, kind: str) -> None:
        """An event that is no duplicate; activity of a day before the last says nothing, but for the key behaviour."""
        day, life = self.day(int(moment)), self.life
        if life.occasions and day < life.last and kind in ("visit", "order"):
            if kind == "visit":
                return
            life.keys.append(day)
            life.disarmed.discard("lapse")
            kind = "nothing"
        self.event(SOMEBODY, moment, kind)

    def came(self, moment: float) -> None:
        """Every look has been that lies before the newest time of the product, on a day when time was not held."""
        until, life = self._time.newest - DELAY_SECONDS, self.life
        if life.occasions:
            day = max(life.last, self.day(self._looked))
            while (at := self.look(life, day)) <= until:
                if at > self._looked and day not in self._time.held:
                    self.judge(SOMEBODY, life, day)
                day += 1
        self._looked = max(until, self._looked)

    def tell(self, who: tuple[str, str], life: Life, level: str, at: float, *rest: Any) -> None:
        """Nothing is said before what was said last, whose second is over."""
        super().tell(who, life, level, at, *rest)
        life.said = ceil(life.said)
