"""A line in the log where a product's time goes otherwise than before: too few users, or no event at all (B6)."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from agents.clock import Clock
from streams.health.pace import Pulse, Season

log = logging.getLogger(__name__)


class Products:
    """How the products stand, all partitions of this process together, as the alerts on them see it.

    The slowest partition tells a mass dip, since all learn the same, some later; a feed stands still when no time of
    theirs has risen for longer than the longest gap that is usual in one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pulses: dict[str, dict[int, Pulse]] = defaultdict(dict)
        self._seasons: dict[str, Season] = {}
        self._rose: dict[str, datetime] = {}
        self._still: set[str] = set()

    def opened(self) -> None:
        """A partition is opened: the time in which nobody looked says nothing about a feed."""
        self._rose |= dict.fromkeys(self._rose.keys() - self._still, self._clock.now())

    def look(self, number: int, pulses: Mapping[str, Pulse]) -> None:
        """How the products stand now in one partition."""
        now = self._clock.now()
        for product, pulse in pulses.items():
            known = self._pulses[product]
            before, known[number] = known.get(number), pulse
            if product not in self._rose or (before is not None and pulse.watermark > before.watermark):
                self._rose[product] = now
            self._tell_season(product, min(known.values(), key=lambda one: one.speed))
            self._tell_feed(product, now - self._rose[product], max(one.still_after for one in known.values()))

    def forget(self, number: int) -> None:
        """Another process has the partition now."""
        for product, known in self._pulses.items():
            known.pop(number, None)
            if not known:
                self._rose.pop(product, None)
                self._seasons.pop(product, None)
                self._still.discard(product)

    def _tell_season(self, product: str, slowest: Pulse) -> None:
        season, before = slowest.season, self._seasons.get(product, Season.USUAL)
        self._seasons[product] = season
        if season is before:
            return
        match season:
            case Season.HELD:
                log.warning("health: mass dip of product %s: its time is held, no silence counts; see ChurnMassDip in "
                            "docs/runbook.md", product)  # fmt: skip
            case Season.SLOWED:
                log.warning("health: mass dip of product %s: its time runs at %.0f %%; see ChurnMassDip in "
                            "docs/runbook.md", product, 100 * slowest.speed)  # fmt: skip
            case Season.USUAL:
                log.info("health: the mass dip of product %s is over", product)

    def _tell_feed(self, product: str, silent: timedelta, still_after: float) -> None:
        still = silent > timedelta(seconds=still_after)
        if still and product not in self._still:
            self._still.add(product)
            log.warning("health: the feed of product %s stands still: no newer event for %d s, and its time waits; see "
                        "ChurnFeedStalled in docs/runbook.md", product, silent.total_seconds())  # fmt: skip
        elif not still and product in self._still:
            self._still.discard(product)
            log.info("health: the feed of product %s goes on", product)
