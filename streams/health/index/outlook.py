"""How far ahead a user of each life stage is looked at, and how much each flag counts for him (B3).

Life stages are the strata of the curves: they hang on the number of repeats, which is constant in a silence, so that a
silence has one outlook from beginning to end, and a longer one never raises its index.
"""

from typing import Final, NamedTuple

from schemas.policy import LifeStage, Product
from streams.health.index.snapshot import stratum

STAGES: Final = (LifeStage.NEW, LifeStage.GROWING, LifeStage.SETTLED)
"""The life stage of each stratum."""


class Outlook(NamedTuple):
    """One life stage of one product.

    ``factors`` of the learned weights of use trend, depth of use and bad experience.
    """

    horizon_days: int
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def weighed(self, learned: tuple[float, float, float]) -> tuple[float, float, float]:
        """The weights, in logits, that hold in this life stage.

        >>> Outlook(28, (2.0, 1.0, 0.0)).weighed((0.25, 0.5, 0.75))
        (0.5, 0.5, 0.0)
        """
        (trend, depth, experience), factors = learned, self.factors
        return trend * factors[0], depth * factors[1], experience * factors[2]


Outlooks = tuple[Outlook, Outlook, Outlook]
"""One a stratum."""

USUAL: Final[Outlooks] = (Outlook(28), Outlook(28), Outlook(28))


def outlooks_of(definition: Product) -> Outlooks:
    """What a product's definition says of each life stage, its own horizon where a stage has none.

    >>> [outlook.horizon_days for outlook in outlooks_of(Product(horizon_days=60, life={"new": {"horizon_days": 14}}))]
    [14, 60, 60]
    """
    new, growing, settled = (_of(definition, stage) for stage in STAGES)
    return new, growing, settled


def life_of(repeats: int) -> LifeStage:
    """The life stage of a user with so many repeats.

    >>> [life_of(repeats).value for repeats in (1, 2, 8)]
    ['new', 'growing', 'settled']
    """
    return STAGES[stratum(repeats)]


def _of(definition: Product, stage: LifeStage) -> Outlook:
    life = getattr(definition.life, stage)
    weights = life.weights
    horizon = definition.horizon_days if life.horizon_days is None else life.horizon_days
    return Outlook(horizon, (weights.use_trend, weights.depth_of_use, weights.bad_experience))
