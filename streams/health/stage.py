"""Churn stages (B8): how far gone a silent user is, on the scale L = max(30 days, the product's horizon)."""

from typing import Final

from schemas.warning import Stage

SHORTEST_DAYS: Final = 30


def stage_of(silent_days: int, horizon_days: int) -> Stage:
    """The stage of a user who has been warned of and is silent for so many calendar days.

    >>> [stage_of(days, 28).value for days in (9, 30, 60, 180)]
    ['at_risk', 'lapsed', 'dormant', 'long_dormant']
    """
    length = max(SHORTEST_DAYS, horizon_days)
    if silent_days < length:
        return Stage.AT_RISK
    if silent_days < 2 * length:
        return Stage.LAPSED
    return Stage.DORMANT if silent_days < 6 * length else Stage.LONG_DORMANT


def stage_after(silent_days: int, horizon_days: int) -> Stage:
    """The stage of a user whose silence of so many days has just ended.

    >>> stage_after(9, 28).value, stage_after(30, 28).value
    ('healthy', 'returned')
    """
    return Stage.HEALTHY if stage_of(silent_days, horizon_days) is Stage.AT_RISK else Stage.RETURNED
