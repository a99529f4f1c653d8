"""Why a text cannot go out."""

from typing import NamedTuple

from schemas.decision import Reason


class Objection(NamedTuple):
    """One thing that is wrong with a message: the reason, where it is (subject, text or link), and what is there."""

    reason: Reason
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
