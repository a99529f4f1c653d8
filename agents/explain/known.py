"""What is known of one user, each product by itself."""

from dataclasses import dataclass
from typing import Any

import msgspec

from agents.explain.words import sentence
from schemas.decision import Decision
from schemas.warning import Warning
from streams.health.portrait import Portrait


@dataclass(frozen=True, slots=True)
class Known:
    """A user's portrait in each product, and what was warned of and decided, oldest first, as far as it was kept."""

    portraits: tuple[Portrait, ...]
    warnings: tuple[Warning, ...]
    decisions: tuple[Decision, ...]

    def of(self, product: str) -> "Known":
        """The same about one product."""
        return Known(
            tuple(each for each in self.portraits if each.reading.product == product),
            tuple(each for each in self.warnings if each.product == product),
            tuple(each for each in self.decisions if each.product == product),
        )

    def plain(self) -> dict[str, Any]:
        """For programs: the fields as they are, and the sentence of each product."""
        return {
            "products": [{"sentence": sentence(each), **msgspec.to_builtins(each)} for each in self.portraits],
            "warnings": [each.model_dump(mode="json") for each in self.warnings],
            "decisions": [each.model_dump(mode="json", exclude_none=True) for each in self.decisions],
        }
