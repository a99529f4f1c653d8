"""Users as they should be, under the shop's policy: their life goes by the book, whatever else is written.

They live in a product of their own and are written to on channels of their own; nobody else uses either. So what is
learned, leased and counted of them hangs on them alone.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.control import Control, ControlKind
from schemas.policy import Policy
from schemas.policy.load import parse_policy
from schemas.profile import Profile

SHOP_FILE: Final = Path(__file__).parents[2] / "deploy/policies/shop.toml"
SHOP: Final = parse_policy(SHOP_FILE.read_text(), SHOP_FILE.name)
PRODUCT: Final = "grocery"
CHANNELS: Final = (Channel.PUSH, Channel.SMS)
ODD_CHANNELS: Final = (Channel.EMAIL, Channel.WECHAT, Channel.CALL)
ODD_PLAYBOOK: Final = "odd"
START: Final = datetime(2026, 3, 1, 2, tzinfo=UTC)
DAYS: Final = 26
REGULARS: Final = tuple(f"regular-{number}" for number in range(12))
LEAVERS: Final = tuple(f"leaver-{number}" for number in range(8))
"""Of both, some live in each of four partitions."""
EVERYBODY: Final = frozenset((*REGULARS, *LEAVERS))


PLAYBOOKS: Final = """
[[playbooks]]
name = "town"
levels = ["risk", "critical"]
products = ["grocery"]
channels = ["push", "sms"]
template = "comeback_gift"
parameters = { amount = "30", days = "7" }
link = "https://shop.example/back?utm_source=churn-alerts&utm_medium=message&utm_campaign=town"
short_link = "https://s.shop.example/gift"

[[playbooks]]
name = "odd"
levels = ["watch", "risk", "critical"]
channels = ["email", "wechat", "call"]
template = "whats_new"
parameters = { picks = "3" }

[[playbooks]]
name = "care"
class = "care"
levels = ["risk", "critical"]
channels = ["call", "wechat"]
template = "personal_care"
parameters = { offer = "free" }
exempt = true
"""


class Sent(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes
    value: bytes | None
    at: datetime


def policy_text() -> str:
    """The shop's, with a playbook for the town and one for everybody else, and no limit that both could reach."""
    sections = re.split(r"(?m)^(?=\[)", SHOP_FILE.read_text())
    kept = (each for each in sections if not each.startswith(("[budgets", "[volume", "[blast", "[[playbooks")))
    return "".join(kept).replace("min_sends = 200 ", "min_sends = 1000000 ") + PLAYBOOKS


@cache
def policy() -> Policy:
    """What :func:`policy_text` says."""
    return parse_policy(policy_text(), "town.toml")


def moments() -> list[datetime]:
    """When something happens: four times a day."""
    return [START + timedelta(hours=6 * number) for number in range(4 * DAYS)]


def life(at: datetime) -> list[Sent]:
    """What is written about the town at a moment."""
    day, hour = divmod((at - START) // timedelta(hours=1), 24)
    sent: list[Sent] = []
    if day == 0 and hour == 0:
        sent += [_profile(user, at) for user in sorted(EVERYBODY)]
        sent.append(_silenced(LEAVERS[0], at))
    if hour == 0:
        sent += [_visit(user, at) for user in REGULARS]
        sent += [_visit(user, at) for number, user in enumerate(LEAVERS) if day < 8 + number // 2]
    if hour == 6 and day == 24:
        sent += [_visit(user, at) for user in LEAVERS[:3]]
    return sent


def _visit(user: str, at: datetime) -> Sent:
    body = {"id": f"{user}@{at.isoformat()}", "source": "shop", "type": "app.opened", "time": at.isoformat(),
            "user_id": user, "product": PRODUCT}  # fmt: skip
    return Sent(topics.EVENTS, user.encode(), json.dumps(body).encode(), at)


def _profile(user: str, at: datetime) -> Sent:
    told = Profile(
        user_id=user, time=at, consent=dict.fromkeys(CHANNELS, True), reachable=CHANNELS, zone="Asia/Shanghai"
    )
    return _sent(told, at)


def _silenced(user: str, at: datetime) -> Sent:
    word = {"kind": ControlKind.SILENCE, "target": user, "who": "ann", "why": "asked for it", "at": at}
    return _sent(Control.model_validate(word | {"until": at + timedelta(days=20)}), at)


def _sent(message: Message, at: datetime) -> Sent:
    return Sent(message.TOPIC, message.key.encode(), message.encode(), at)
