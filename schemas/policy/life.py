"""What a user's experience with a product changes (B3): a horizon and weights for each life stage."""

from enum import StrEnum

from pydantic import Field

from schemas.policy.section import Section


class LifeStage(StrEnum):
    """How much of a product a user has seen, by days with activity after the first; in order."""

    NEW = "new"
    GROWING = "growing"
    SETTLED = "settled"


class Weights(Section):
    """How much what takes points beside silence counts; each is a factor of the weight that the product has learned."""

    use_trend: float = Field(default=1.0, ge=0, le=5, description="factor of the weight of shrinking use, 0 to 5")
    depth_of_use: float = Field(default=1.0, ge=0, le=5, description="factor of the weight of shallow use, 0 to 5")
    bad_experience: float = Field(
        default=1.0, ge=0, le=5, description="factor of the weight of complaints and low scores, 0 to 5"
    )


class Life(Section):
    """One life stage (B3): ``new`` under 2 days with activity after the first, ``growing`` under 8, then ``settled``.

    A silence is judged by the stage its user was in when it began.
    """

    horizon_days: int | None = Field(
        default=None, ge=2, le=730, description="days without activity that count as churned here, 2 to 730"
    )
    weights: Weights = Field(default=Weights(), description="factors of the learned weights")


class Lives(Section):
    """What each life stage changes; a stage that is not given changes nothing."""

    new: Life = Field(default=Life(), description="users in their first days")
    growing: Life = Field(default=Life(), description="users who are finding their rhythm")
    settled: Life = Field(default=Life(), description="users with a rhythm of their own")
