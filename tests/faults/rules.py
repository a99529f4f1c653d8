"""The few numbers of the campaign's policy that the oracle goes by, read without the code that uses them."""

import tomllib
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).parent / "campaign.toml"
EXPERIENCE = frozenset({"complaint_opened", "complaint_resolved", "score"})
EARLY_SECONDS, LATE_SECONDS, DELAY_SECONDS = 5 * 60, 24 * 3600, 60
HOUR = 3600


class Product(NamedTuple):
    """What the oracle needs of a product's definition."""

    zone: str
    horizon: int
    key_behaviour: str


class Rules:
    """Defaults of the documents where the file is silent."""

    def __init__(self) -> None:
        tree = tomllib.loads(PATH.read_text())
        self.products = {
            name: Product(each.get("zone", "UTC"), each.get("horizon_days", 28), each.get("key_behaviour", "purchase"))
            for name, each in tree["products"].items()
        }
        self.roles: dict[str, str] = tree["events"]
        self.activity = frozenset(("session", "feature_use", "purchase"))
        self.playbooks = {level: each["channels"] for each in tree["playbooks"] for level in each["levels"]}
        self.caps = {
            channel: (each["cap"]["count"], each["cap"]["hours"] * HOUR) for channel, each in tree["channels"].items()
        }
        self.probes: int = tree["breaker"]["probes"]
        self.day_budget: float = tree["budgets"]["day"]
        self.hour_volume: int = tree["volume"]["hour"]
        self.total_cap = (tree["caps"]["total"]["count"], tree["caps"]["total"]["hours"] * HOUR)

    def lane(self, product: str) -> str:
        """The listed product whose clock and definition a product lives under."""
        return product if product in self.products else "default"
