"""How far gone a user is (topic ``churn.stages``, B8): one message for every change."""

from typing import ClassVar

from pydantic import AwareDatetime, ConfigDict, Field

from schemas import topics
from schemas.base import Told
from schemas.warning import Stage


class StageChange(Told):
    """A user has passed from one churn stage to another."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    TOPIC: ClassVar[str] = topics.STAGES
    TYPE: ClassVar[str] = "churn.stage"

    before: Stage = Field(validation_alias="from", serialization_alias="from")
    to: Stage
    at: AwareDatetime = Field(description="event time: the look, or the event, at which it changed")
    episode: str = Field(description="the silence in which it changed, or that ended with it")

    def encode(self) -> bytes:
        """As every message; pydantic knows that ``before`` is written as ``from``."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)
