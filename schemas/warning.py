"""What we warn of (topic ``churn.warnings``): a user is drifting away, how far, and why; or has come back (B7)."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas import topics
from schemas.base import Part, Told


class Level(StrEnum):
    """How bad it is; ``recovered`` closes an episode that was warned of."""

    WATCH = "watch"
    RISK = "risk"
    CRITICAL = "critical"
    RECOVERED = "recovered"


class Stage(StrEnum):
    """Churn stages (B8)."""

    HEALTHY = "healthy"
    AT_RISK = "at_risk"
    LAPSED = "lapsed"
    DORMANT = "dormant"
    LONG_DORMANT = "long_dormant"
    RETURNED = "returned"
    RELAPSED = "relapsed"
    """Lapsed once more before a return had lasted."""


class Component(StrEnum):
    """What takes points from 100; the parts of a warning sum to 100 - index exactly."""

    FREQUENCY = "habitual_frequency"
    SILENCE = "silence"
    TREND = "use_trend"
    DEPTH = "depth_of_use"
    EXPERIENCE = "bad_experience"


class Evidence(Part):
    """The counts behind a warning, in days and occasions (a day with activity)."""

    last_occasion: date
    silent_days: float = Field(description="days since the last occasion, in the product's operational time")
    usual_gap_days: float = Field(description="mean gap between this user's occasions, shrunk to the population's")
    repeats: int = Field(description="occasions after the first")
    active_days_7: int
    active_days_28: int
    events_28: int
    open_complaints: int
    reach: float = Field(description="probability that this silence reaches the churn horizon")
    horizon_days: int
    key_days_28: int = Field(default=0, description="days with the key behaviour, of the last 28")
    unhappy_days_28: int = Field(default=0, description="days with a complaint or a low score, of the last 28")
    baseline: int | None = Field(
        default=None, description="the index that is usual for the user, thousandths of a point"
    )
    surprise: float | None = Field(
        default=None, description="how improbable the silence is under the user's own rhythm, nats"
    )
    use: float | None = Field(default=None, description="present use as a part of the usual: how often times how deep")


class Warning(Told):
    """A level crossed, or a return after one. ``index`` and ``parts`` are in thousandths of a point."""

    TOPIC: ClassVar[str] = topics.WARNINGS
    TYPE: ClassVar[str] = "churn.warning"

    level: Level
    episode: str
    at: AwareDatetime = Field(description="event time: the look, or the event, at which a rule called for it")
    index: int = Field(ge=0, le=100_000, description="health, thousandths of a point")
    parts: dict[Component, int] = Field(description="thousandths of a point; they sum to 100000 - index exactly")
    threshold: int = Field(
        description="index at or under which the level is due by rule level (watch: decline), thousandths of a point"
    )
    rules: tuple[str, ...] = Field(
        description="every rule that held at that moment: level, decline, silence, lapse, shock, collapse"
    )
    evidence: Evidence | None = None
    stage: Stage
    clears_when: str
    cause: str | None = Field(default=None, description="recovered only: what cleared it")
    clears: str | None = Field(default=None, description="recovered only: the id of the warning it clears")
    snapshot: str = Field(description="the population snapshot the index was read from")
    warming_up: bool
