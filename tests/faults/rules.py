"""The few numbers of the campaign's policy that the oracle goes by, read without the code that uses them."""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

PATH = Path(__file__).parent / "campaign.toml"
EXPERIENCE = frozenset({"complaint_opened", "complaint_resolved", "score"})
EARLY_SECONDS, LATE_SECONDS, DELAY_SECONDS = 5 * 60, 24 * 3600, 60
HOUR = 3600
CHANNELS = ("push", "email", "sms")


class Product(NamedTuple):
    """What the oracle needs of a product's definition."""

    zone: str
    horizon: int
    key_behaviour: str


class Cap(NamedTuple):
    """At most ``count`` messages in ``seconds``, in each of these groups of channels."""

    groups: list[list[str]]
    count: int
    seconds: int


def _cap(written: dict[str, Any], every: list[str]) -> Cap:
    channels = written.get("channels", every)
    groups = [[channel] for channel in channels] if written.get("per_channel") else [channels]
    return Cap(groups, written["count"], written["hours"] * HOUR)


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
        self.names: list[str] = [each["name"] for each in tree["playbooks"]]
        self.words = {
            (name, channel): _words(each, channel, tree)
            for name, each in tree["templates"].items()
            for channel in CHANNELS
        }
        """What a message says, by template and channel, in each language."""
        self.caps = [_cap(each, list(tree["channels"])) for each in tree["caps"]]
        self.hours = {
            channel: (rule["allowed_from"], rule["allowed_to"])
            for rule in reversed(tree["quiet_hours"])
            for channel in rule["channels"]
        }
        self.zone: str = tree["dispatch"]["zone"]
        self.probes: int = tree["breaker"]["probes"]
        self.day_budget: float = tree["budgets"]["day"]
        self.hour_volume: int = tree["volume"]["hour"]

    def lane(self, product: str) -> str:
        """The listed product whose clock and definition a product lives under."""
        return product if product in self.products else "default"


def _words(template: dict[str, Any], channel: str, tree: dict[str, Any]) -> dict[str, str]:
    """The texts of a template on a channel, with the parameters of the first playbook that uses it put in."""
    own = template.get("channels", {}).get(channel, {})
    (playbook, *_) = (each for each in tree["playbooks"] if tree["templates"].get(each["template"]) is template)
    words: dict[str, str] = dict(own.get("text", template["text"]))
    for name, value in {**playbook.get("parameters", {}), "link": playbook.get("link", "")}.items():
        words = {locale: text.replace("{{ " + name + " }}", value) for locale, text in words.items()}
    return words
