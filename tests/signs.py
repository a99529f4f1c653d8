"""What a sign says, and what a warning says of complaints, in the dispatcher's tests."""

from datetime import UTC, datetime

from schemas.channel import Channel
from schemas.ids import sign_id
from schemas.sign import Sign, SignKind
from schemas.warning import Evidence

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)


def evidence(complaints: int) -> Evidence:
    """What stands behind a warning: so many open complaints."""
    return Evidence(
        last_occasion=T0.date(),
        silent_days=1.0,
        usual_gap_days=1.0,
        repeats=9,
        active_days_7=0,
        active_days_28=9,
        events_28=9,
        open_complaints=complaints,
        reach=0.5,
        horizon_days=28,
    )


def sign(
    kind: SignKind,
    user: str = "u1",
    *,
    at: datetime = T0,
    product: str = "shop",
    channel: Channel | None = None,
    complaints: int | None = None,
    n: int = 0,
) -> Sign:
    """What an app's event said of a user."""
    if complaints is None and kind in (SignKind.COMPLAINT_OPENED, SignKind.COMPLAINT_RESOLVED):
        complaints = int(kind is SignKind.COMPLAINT_OPENED)
    return Sign(
        id=sign_id(user, "shop", f"{kind}/{n}/{at}"),
        kind=kind,
        user_id=user,
        product=product,
        source="shop",
        event=f"{kind}/{n}",
        at=at,
        channel=channel,
        open_complaints=complaints,
        policy_hash="0",
    )
