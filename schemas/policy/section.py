"""What every part of the policy tree has in common: frozen, closed, finite."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of a policy file; an unknown key or an infinite number is a fault, never a guess."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
