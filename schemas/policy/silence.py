"""How long a user is left alone after a complaint (E7)."""

from pydantic import Field

from schemas.policy.section import Section


class Silence(Section):
    """Days of silence; what a user or an operator asks for holds beside it, for every class of message.

    A message whose silence outlasts its life is dropped, another waits.
    """

    message_complaint_days: int = Field(
        default=180, ge=0, le=3_650, description="days without any message after a complaint about one, 0 to 3650"
    )
    service_complaint_days: int = Field(
        default=0,
        ge=0,
        le=3_650,
        description="days without a promotion after a complaint about the service, settled or not, 0 to 3650",
    )
