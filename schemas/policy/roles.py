"""What an app's event may mean to us (A2)."""

from enum import StrEnum

from pydantic import Field

from schemas.policy.section import Section


class Role(StrEnum):
    """The meaning of an event; a policy maps each app's own event names to these. Closed, equal to the metric label."""

    SESSION = "session"
    FEATURE_USE = "feature_use"
    PURCHASE = "purchase"
    SCORE = "score"
    COMPLAINT_OPENED = "complaint_opened"
    COMPLAINT_RESOLVED = "complaint_resolved"
    COUPON_ISSUED = "coupon_issued"
    COUPON_REDEEMED = "coupon_redeemed"
    COMPETITOR_VIEWED = "competitor_viewed"
    REFERRAL = "referral"
    QUESTION_ASKED = "question_asked"
    HELP_OPENED = "help_opened"
    ERROR_MET = "error_met"
    BRAND_ACTIVITY = "brand_activity"
    CORE_ACTION = "core_action"
    UNINSTALLED = "uninstalled"
    CHANNEL_OPT_IN = "channel_opt_in"
    CHANNEL_OPT_OUT = "channel_opt_out"


NEVER_ACTIVITY = frozenset({Role.COMPLAINT_OPENED, Role.UNINSTALLED, Role.CHANNEL_OPT_OUT})
"""Signs of leaving: they never count as an occasion, or a complaint would look like health."""


class Source(Section):
    """What one app calls its events where it calls them otherwise than all; NAME is the event's ``source`` (A2)."""

    events: dict[str, Role] = Field(
        default={},
        description="this source's event name -> role; goes before [events], which holds for all other names",
    )
