"""When a channel stops itself, how far, and how it comes back (E12)."""

from pydantic import Field

from schemas.policy.section import Section


class BreakerPolicy(Section):
    """When a channel stops itself (E12); ratios are of sends in the window and mean nothing under ``min_sends``."""

    window_minutes: int = Field(default=30, ge=1, le=1_440, description="length of the window, minutes, 1 to 1440")
    min_sends: int = Field(default=200, ge=1, description="sends in the window before a ratio counts, 1 or more")
    complaint_clear: float = Field(
        default=0.0005, gt=0, le=1, description="ratio of complaints under which a degraded channel is calm"
    )
    complaint_warn: float = Field(
        default=0.001, gt=0, le=1, description="ratio of complaints that degrades: promotions pause, above 0 to 1"
    )
    complaint_open: float = Field(default=0.003, gt=0, le=1, description="ratio of complaints that opens, above 0 to 1")
    failure_clear: float = Field(
        default=0.03, gt=0, le=1, description="ratio of failures and bounces under which a degraded channel is calm"
    )
    failure_warn: float = Field(
        default=0.05, gt=0, le=1, description="ratio of failures and bounces that degrades, above 0 to 1"
    )
    failure_open: float = Field(
        default=0.15, gt=0, le=1, description="ratio of failures and bounces that opens, above 0 to 1"
    )
    clear_minutes: int = Field(
        default=10, ge=0, le=1_440, description="minutes a degraded channel must be calm before it closes, 0 to 1440"
    )
    open_minutes: int = Field(
        default=30, ge=1, le=10_080, description="minutes it stays open before probing, 1 to 10080"
    )
    open_minutes_max: int = Field(
        default=480, ge=1, le=10_080, description="the most that doubling may make of open_minutes, 1 to 10080"
    )
    flap_minutes: int = Field(
        default=240,
        ge=0,
        le=10_080,
        description="opening again within so many minutes of the last pause's end doubles the pause, 0 to 10080",
    )
    probes: int = Field(
        default=20, ge=1, le=10_000, description="messages of a half-open round, over all workers, 1 to 10000"
    )
