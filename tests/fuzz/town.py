"""Users as they should be, under the shop's policy: their life goes by the book, whatever else is written.

They live in a product of their own and are written to on channels of their own; nobody else uses either. So what is
learned, leased and counted of them hangs on them alone.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from schemas import topics
from schemas.base import Message
from schemas.channel import Channel
from schemas.control import Control, ControlKind
from schemas.policy import Blast, BreakerPolicy, Budgets, Playbook, Policy, Volume
from schemas.policy.load import parse_policy
from schemas.profile import Profile
from schemas.warning import Level

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


class Sent(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes
    value: bytes | None
    at: datetime


def policy() -> Policy:
    """The shop's, with a playbook for the town and one for everybody else, and no limit that both could reach."""
    text = {"parameters": {"amount": "30", "days": "7"}, "template": "comeback_gift"}
    book = next(each for each in SHOP.playbooks if each.name == "critical-comeback-gift")
    ours = book.model_copy(update=text | {"name": "town", "levels": (Level.RISK, Level.CRITICAL),
                                          "products": (PRODUCT,), "channels": CHANNELS})  # fmt: skip
    others: Playbook = ours.model_copy(
        update={"name": ODD_PLAYBOOK, "products": ("*",), "channels": ODD_CHANNELS, "levels": tuple(Level)[:3]}
    )
    care = next(each for each in SHOP.playbooks if each.message_class == "care")
    care = care.model_copy(update={"channels": ODD_CHANNELS})
    free = {"budgets": Budgets(), "volume": Volume(), "blast": Blast(), "breaker": BreakerPolicy(min_sends=1_000_000)}
    return SHOP.model_copy(update=free | {"playbooks": (ours, others, care)})


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
