"""What happened in the golden story: some users leave, one after the other; operators and messaging systems speak.

Only :mod:`tests.golden.generate` asks it, once; the tests replay the records it left in ``story.jsonl.gz``.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from agents.driver import Driver
from schemas import topics
from schemas.channel import Channel
from schemas.control import Control, ControlKind, Forced
from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound
from schemas.profile import Profile
from tests.golden.story import Sent

START = datetime(2026, 1, 4, 16, tzinfo=UTC)
"""Monday 00:00 in Shanghai."""
DAYS = 48
REGULARS, LEAVERS = 6, 30
CHANNELS = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
HARM = (FeedbackKind.BOUNCED, FeedbackKind.FAILED, FeedbackKind.COMPLAINED)
ARRIVED = (FeedbackKind.DELIVERED, FeedbackKind.OPENED, FeedbackKind.CLICKED, FeedbackKind.ACCEPTED)


def moment(day: float, hour: float = 10.0) -> datetime:
    """An hour of a day of the story."""
    return START + timedelta(days=day, hours=hour)


def happens(driver: Driver, day: int) -> Iterator[tuple[datetime, list[Sent]]]:
    """Each moment of a day with what is sent then; the driver shows what went out before."""
    if not day:
        yield moment(0, 1), [_profile(user) for user in _users()]
    yield moment(day), [sent for user in _users() for sent in _visits(user, day)]
    yield moment(day, 12), _orders(day)
    yield moment(day, 15), []
    yield moment(day, 20), list(_reports(driver, day))
    yield moment(day, 23), []


def _users() -> list[str]:
    return [f"regular-{n}" for n in range(REGULARS)] + [f"leaver-{n}" for n in range(LEAVERS)]


def _draw(*words: object) -> int:
    return int.from_bytes(blake2b(" ".join(map(str, words)).encode(), digest_size=4).digest(), "big")


def _profile(user: str) -> Sent:
    number = _draw("profile", user)
    profile = Profile(
        user_id=user, time=moment(0, 1), consent=dict.fromkeys(CHANNELS[number % 2 :], True), reachable=CHANNELS,
        zone="Asia/Shanghai", tier=("gold", None)[number % 2],
    )  # fmt: skip
    return Sent(topics.PROFILES, user.encode(), profile.encode(), moment(0, 1))


def _visits(user: str, day: int) -> Iterator[Sent]:
    """A leaver comes every day until their last one; every fifth comes back for a while."""
    kind, number = user.split("-")
    last = 8 + int(number)
    back = kind == "leaver" and int(number) % 5 == 0 and last + 20 <= day < last + 24
    if kind == "regular" or day <= last or back:
        types = ("app.opened", "page.viewed", "order.paid")
        yield _event(user, day, types[_draw(user, day) % 3])
        if _draw("complaint", user, day) % 200 == 0:
            yield _event(user, day, "ticket.opened", ticket=f"t-{user}-{day}")


def _event(user: str, day: int, type: str, **properties: str) -> Sent:
    at = moment(day, 9 + _draw("minute", user, day, type) % 60 / 60)
    body = {
        "id": f"{user}-{day}-{type}", "source": "shop", "type": type, "time": at.isoformat(), "user_id": user,
        "product": "grocery" if user.endswith("7") else "default", "properties": properties,
    }  # fmt: skip
    return Sent(topics.EVENTS, user.encode(), json.dumps(body).encode(), at)


def _orders(day: int) -> list[Sent]:
    """Some orders end by themselves, some are lifted, some stand when the old program stops."""
    said = {
        20: (ControlKind.SILENCE, "leaver-3", {"until": moment(60)}),
        21: (ControlKind.SUPPRESS, "leaver-4", {}),
        28: (ControlKind.PAUSE, "risk", {"until": moment(34)}),
        31: (ControlKind.BREAKER, "email", {"value": Forced.OPEN, "until": moment(38)}),
    }
    if day == 40:
        return [Sent(topics.CONTROL, b"suppress/leaver-4", None, moment(day, 12))]
    if day not in said:
        return []
    kind, target, more = said[day]
    fields = {"kind": kind, "target": target, "who": "olga", "why": "the story has it so", "at": moment(day, 12)}
    word = Control.model_validate(fields | more)
    return [Sent(topics.CONTROL, word.key.encode(), word.encode(), moment(day, 12))]


def _reports(driver: Driver, day: int) -> Iterator[Sent]:
    """A messaging system reports about what went out since yesterday's reports."""
    at = moment(day, 20)
    for message in driver.messages(Outbound):
        if at - timedelta(days=1) <= message.at < at:
            number = _draw("report", message.id)
            kind = HARM[number // 4 % 3] if number % 4 == 0 else ARRIVED[number // 4 % 4]
            report = Feedback(
                id=f"{message.id}-{kind}", message=message.id, user_id=message.user_id, channel=message.channel,
                kind=kind, time=at,
            )  # fmt: skip
            yield Sent(topics.FEEDBACK, message.user_id.encode(), report.encode(), at)
