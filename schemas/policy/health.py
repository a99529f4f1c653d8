"""What counts as life and as churn: the product, the intake and the warning thresholds (A3, A4, B1, B4)."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.policy.life import Lives
from schemas.policy.roles import NEVER_ACTIVITY, Role
from schemas.policy.section import Section
from schemas.policy.zone import Zone
from schemas.warning import Level


def _sign_of_life(role: Role) -> Role:
    if role in NEVER_ACTIVITY:
        raise PydanticCustomError("leaving", "is a sign of leaving, not of life")
    return role


class Product(Section):
    """One product's own definition of churn (B1); a product that is not listed uses ``default``."""

    horizon_days: int = Field(
        default=28, ge=2, le=730, description="days without activity that count as churned, 2 to 730"
    )
    zone: Zone = Field(
        default="UTC", description="IANA time zone in which the product's days begin, such as Asia/Shanghai"
    )
    activity: tuple[Annotated[Role, AfterValidator(_sign_of_life)], ...] = Field(
        default=(Role.SESSION, Role.FEATURE_USE, Role.PURCHASE),
        min_length=1,
        description="a list of roles that make a day an occasion; never complaint_opened, uninstalled, channel_opt_out",
    )
    key_behaviour: Role = Field(
        default=Role.PURCHASE, description="the role that the product lives on (shop: purchase)"
    )
    life: Lives = Field(default=Lives(), description="what a user's experience with the product changes")


class Rejects(Section):
    """How many refused records are too many, and what happens then (A3); each partition counts its own."""

    limit: float = Field(
        default=0.2, gt=0, lt=1, description="part of the records refused above which is too much, between 0 and 1"
    )
    clear: float = Field(
        default=0.1, gt=0, lt=1, description="part at which all is well again, under the limit, between 0 and 1"
    )
    window_records: int = Field(
        default=1_000,
        ge=10,
        le=10_000_000,
        multiple_of=2,
        description="newest records that count: the last so many, or half of them; an even number, 10 to 10000000",
    )
    min_records: int = Field(
        default=100, ge=1, le=1_000_000, description="records without which the limit is not judged, 1 to 1000000"
    )
    stop: bool = Field(
        default=False, description="over the limit the partition's intake stops until an operator lets it go on"
    )


class Intake(Section):
    """What an input record may be (A3, A4)."""

    max_bytes: int = Field(
        default=262_144, ge=1_024, le=16_777_216, description="largest record value, bytes, 1024 to 16777216"
    )
    early_minutes: int = Field(
        default=5,
        ge=0,
        le=1_440,
        description="how far an event's time may lie after its record's time, minutes, 0 to 1440",
    )
    late_hours: int = Field(
        default=24, ge=1, le=720, description="how far an event's time may lie behind the watermark, hours, 1 to 720"
    )
    watermark_delay_seconds: int = Field(
        default=60, ge=0, le=86_400, description="how far the watermark follows the newest event, seconds, 0 to 86400"
    )
    rejects: Rejects = Field(default=Rejects(), description="how many refused records are too many")


def _raised(level: Level) -> Level:
    if level is Level.RECOVERED:
        raise PydanticCustomError("recovered", "is the end of a warning, not one")
    return level


RaisedLevel = Annotated[Level, AfterValidator(_raised)]


class Decline(Section):
    """The rule ``decline``: the index stays down against the user's own baseline; it speaks for WATCH."""

    enabled: bool = Field(default=True, description="whether the rule warns")
    ratio: float = Field(
        default=0.85, gt=0, le=1, description="part of the baseline at or under which the index is down, above 0 to 1"
    )
    checks: int = Field(
        default=3,
        ge=1,
        le=28,
        description="checks of one silence in a row at which it is down, 1 to 28; one every period_days",
    )
    period_days: int | None = Field(
        default=None,
        ge=1,
        le=365,
        description="days between two checks, 1 to 365; none: horizon / 28, at least 1",
    )
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a warning of its level before this rule may warn, 0 to 730"
    )


class PersonalSilence(Section):
    """The rule ``silence``: a silence that is improbable under the user's own rhythm."""

    enabled: bool = Field(default=True, description="whether the rule warns")
    level: RaisedLevel = Field(default=Level.WATCH, description="the level it speaks for: watch, risk or critical")
    nats: float = Field(
        default=3.0,
        gt=0,
        le=40,
        description="minus the natural logarithm of its probability (3: one silence in twenty), above 0 to 40",
    )
    min_days: float = Field(default=3.0, ge=1, le=730, description="shortest silence it speaks of, days, 1 to 730")
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a warning of its level before this rule may warn, 0 to 730"
    )


class Lapse(Section):
    """The rule ``lapse``: no key behaviour for a whole horizon, by a user who has shown it before (B1)."""

    enabled: bool = Field(default=True, description="whether the rule warns")
    level: RaisedLevel = Field(default=Level.WATCH, description="the level it speaks for: watch, risk or critical")
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a warning of its level before this rule may warn, 0 to 730"
    )


class Shock(Section):
    """The rule ``shock``: a complaint was opened, or a low score given; it warns at that very event."""

    enabled: bool = Field(default=True, description="whether the rule warns")
    level: RaisedLevel = Field(default=Level.RISK, description="the level it speaks for: watch, risk or critical")
    low_score: float = Field(
        default=2.0,
        ge=0,
        le=100,
        description="a score at or under it is low, on the app's own scale, 0 to 100; the index counts it, too",
    )
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a warning of its level before this rule may warn, 0 to 730"
    )


class Collapse(Section):
    """The rule ``collapse``: an active user uses far less than is usual for him, in how often times how deep."""

    enabled: bool = Field(default=True, description="whether the rule warns")
    level: RaisedLevel = Field(default=Level.WATCH, description="the level it speaks for: watch, risk or critical")
    ratio: float = Field(
        default=0.5, gt=0, lt=1, description="part of his usual use at or under which it has collapsed, between 0 and 1"
    )
    rearm_ratio: float = Field(
        default=0.7, gt=0, le=1, description="part above which it is well again, over ratio, above 0 to 1"
    )
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days after a warning of its level before this rule may warn, 0 to 730"
    )


class StageScale(Section):
    """How far gone a silent user is (B8), in multiples of L, the longer of ``shortest_days`` and his horizon.

    A return has lasted after L days.
    """

    shortest_days: int = Field(default=30, ge=1, le=730, description="least L, days, 1 to 730")
    lapsed: float = Field(default=1.0, ge=1, le=24, description="L of silence after which he has lapsed, 1 to 24")
    dormant: float = Field(default=2.0, ge=1, le=24, description="L after which he is dormant, over lapsed, 1 to 24")
    long_dormant: float = Field(
        default=6.0, ge=1, le=24, description="L after which he is long dormant, over dormant, 1 to 24"
    )


class Warnings(Section):
    """When a falling health index becomes a warning (B4); the index runs from 0 (gone) to 100 (healthy).

    The fields of the table itself are those of the rule ``level``, which speaks for RISK and CRITICAL.
    """

    level: bool = Field(default=True, description="whether the rule level warns")
    risk: float = Field(
        default=50.0, gt=0, lt=100, description="index under which a user is at risk, between 0 and 100"
    )
    critical: float = Field(
        default=30.0, gt=0, lt=100, description="index under which it is critical, between 0 and 100"
    )
    baseline_ratio: float = Field(
        default=0.85,
        gt=0,
        le=1,
        description="part of the user's own baseline under which a warning is due, above 0 to 1",
    )
    cooldown_days: int = Field(
        default=28, ge=0, le=730, description="days before the same level may warn the same user again, 0 to 730"
    )
    rearm_ratio: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="a level is armed again when the distance to 100 falls under this part, above 0 to 1",
    )
    decline: Decline = Field(default=Decline(), description="the rule of an index that stays down")
    silence: PersonalSilence = Field(default=PersonalSilence(), description="the rule of an improbable silence")
    lapse: Lapse = Field(default=Lapse(), description="the rule of a missing key behaviour")
    shock: Shock = Field(default=Shock(), description="the rule of complaints and low scores")
    collapse: Collapse = Field(default=Collapse(), description="the rule of use that breaks down")
    stages: StageScale = Field(default=StageScale(), description="after how much silence a churn stage begins")
