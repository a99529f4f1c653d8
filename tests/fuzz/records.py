"""Odd records of every topic that others write: valid ones at the edges, spoilt ones, and bytes that are nothing.

Whoever they are about is nobody of the town, and what operators say in them concerns nothing that the town uses: so
what follows for the town must be as if they had never come.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from schemas import topics
from schemas.control import Control, ControlKind
from schemas.events import Event
from schemas.feedback import Feedback
from schemas.ids import episode_id, message_id, recall_id
from schemas.profile import Profile
from schemas.warning import Level, Stage
from tests.dispatching import T0, profile, recovered, warning
from tests.fuzz import edges
from tests.fuzz.shapes import Schema, shape
from tests.fuzz.town import ODD_CHANNELS, ODD_PLAYBOOK, SHOP

Headers = tuple[tuple[str, bytes | None], ...]
NAMES: Final = tuple(filter(None, edges.TEXTS))
"""Users whose names are odd themselves."""
PRODUCTS: Final = (*("default",) * 8, "odd", "x" * 256, "👍" * 9, "\0", "a\0b")
TYPES: Final = (*SHOP.events, "no.such.type")
ATTRIBUTES: Final = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "product",
    "datacontenttype",
    "dataschema",
)
TARGETS: Final = {
    ControlKind.PAUSE: (ODD_PLAYBOOK, "no-such-playbook"),
    ControlKind.BREAKER: ODD_CHANNELS,
    ControlKind.RELEASE: ("*", "blast"),
    ControlKind.INTAKE: ("*", "0", "3", "999999999"),
}


class Odd(NamedTuple):
    """A record to be written; ``elsewhere`` is how many partitions beside its key's it goes."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers = ()
    elsewhere: int = 0


def odd_records(dice: Random, at: datetime, count: int) -> Iterator[Odd]:
    """So many odd records of a moment, and some warnings of ours about whom they speak of, so that they are judged."""
    for _ in range(count):
        topic = dice.choice((topics.EVENTS, topics.EVENTS, topics.PROFILES, topics.FEEDBACK, topics.CONTROL))
        record = _twisted(_DRAWN[topic](dice, at), dice)
        yield record
        if dice.random() < 0.5 and (user := _user_of(record.key)):
            yield _judged(user, dice, at)


def _began(at: datetime, ago: int) -> date:
    """The day on which a silence of somebody began: few, so that words about one silence meet."""
    return (at - timedelta(days=ago, hours=12)).date()


def introductions(at: datetime) -> Iterator[Odd]:
    """Those whom plain odd records of a moment are about can be written to, until one of these says otherwise."""
    for user in _plain(at):
        told = profile(user, ODD_CHANNELS, ODD_CHANNELS, at - timedelta(days=9))
        yield Odd(topics.PROFILES, user.encode(), told.encode(), milliseconds(at))


def _plain(at: datetime) -> list[str]:
    """A few users a day, so that one odd record meets what others have just left."""
    return [f"odd-{at:%j}-{number}" for number in range(4)]


def _somebody(dice: Random, at: datetime) -> str:
    return dice.choice(_plain(at) if dice.random() < 0.7 else NAMES)


def _judged(user: str, dice: Random, at: datetime) -> Odd:
    """What health would write of such a user: a silence of theirs that began that day, or the one before."""
    day, product = (_began(at, dice.choice((0, 0, 0, 1))) - T0.date()).days, dice.choice(PRODUCTS)
    level = dice.choice((Level.RISK, Level.CRITICAL, Level.WATCH))
    ours = warning(user, level, product=product, day=day, at=at, complaints=dice.choice((None, 0, 2)))
    ours = recovered(user, product=product, day=day) if dice.random() < 0.1 else ours
    return Odd(topics.WARNINGS, ours.key.encode(), ours.encode(), milliseconds(at), ours.headers())


def _user_of(key: bytes | None) -> str | None:
    """Whom a key is about, if health could have written of such a user."""
    try:
        user = (key or b"").decode()
    except UnicodeDecodeError:
        return None
    return user if user.startswith("odd-") or (user in NAMES and len(user) <= 256) else None


def _event(dice: Random, at: datetime) -> Odd:
    user = _somebody(dice, at)
    body = shape(Event).odd(dice, _faults(dice), {
        "id": f"e{dice.randrange(8)}", "type": dice.choice(TYPES), "user_id": user, "source": "shop",
        "product": dice.choice(PRODUCTS), "time": _near(dice, at), "properties": _properties(dice),
    })  # fmt: skip
    form = dice.random()
    if form < 0.6:
        return _record(topics.EVENTS, user, body, dice, at)
    if form < 0.8:
        return _binary(user, body, dice, at)
    cloud = {"specversion": "1.0", "subject": body.pop("user_id", user), "data": body.pop("properties", {})} | body
    return _record(topics.EVENTS, user, cloud, dice, at, (("content-type", b"application/cloudevents+json"),))


def _binary(user: str, body: Schema, dice: Random, at: datetime) -> Odd:
    data = body.pop("properties", None)
    cloud = {"specversion": "1.0", "subject": body.pop("user_id", user)} | body
    headers = tuple((f"ce_{name}", _text(value).encode(errors="surrogatepass")) for name, value in cloud.items())
    return _record(topics.EVENTS, user, data, dice, at, headers)


def _properties(dice: Random) -> Schema:
    """What events say beside their names, and what the product looks at in them."""
    looked_at = {
        "score": edges.value(dice),
        "complaint": dice.choice((edges.value(dice), "c1", 7, 7.0, True)),
        "channel": dice.choice((edges.value(dice), "push", "PUSH", ["push"], "*", None)),
    }
    return {name: value for name, value in looked_at.items() if dice.random() < 0.4}


def _profile(dice: Random, at: datetime) -> Odd:
    user = _somebody(dice, at)
    if dice.random() < 0.05:
        return Odd(topics.PROFILES, _encoded(user), None, milliseconds(at))
    given = {"user_id": user, "time": _near(dice, at)}
    if dice.random() < 0.9:
        given |= {"consent": dict.fromkeys(ODD_CHANNELS, True), "reachable": list(ODD_CHANNELS)}
    return _record(topics.PROFILES, user, shape(Profile).odd(dice, _faults(dice), given), dice, at)


def _feedback(dice: Random, at: datetime) -> Odd:
    user = _somebody(dice, at)
    whose, product = user.encode(errors="replace").decode(), dice.choice(PRODUCTS)
    recall = recall_id(whose, episode_id(whose, product, _began(at, dice.choice((0, 0, 0, 1)))), Stage.AT_RISK)
    message = message_id(recall, dice.choice((1, 1, 1, 1, 2)))
    given = {"user_id": user, "time": _near(dice, at), "id": f"f{dice.randrange(10_000)}"}
    if dice.random() < 0.8:
        given |= {"message": message, "channel": dice.choice((ODD_CHANNELS[0], *ODD_CHANNELS))}
    return _record(topics.FEEDBACK, user, shape(Feedback).odd(dice, _faults(dice), given), dice, at)


def _control(dice: Random, at: datetime) -> Odd:
    kind = dice.choice((*ControlKind, ControlKind.SUPPRESS, ControlKind.SILENCE))
    target = dice.choice(TARGETS.get(kind) or (_somebody(dice, at),))
    key = f"{kind}/{target}"
    if dice.random() < 0.15:
        return Odd(topics.CONTROL, _encoded(dice.choice((key, *edges.TEXTS))), None, milliseconds(at))
    said: Schema = {"kind": kind, "target": target, "who": "odd", "why": "odd", "at": _near(dice, at)}
    body = shape(Control).odd(dice, _faults(dice), said)
    for name, wanted in _asked_of(kind, dice, at).items():
        if dice.random() < 0.9:
            body[name] = wanted
    return _record(topics.CONTROL, key, body, dice, at)


def _asked_of(kind: ControlKind, dice: Random, at: datetime) -> Schema:
    """What a word of a kind has to say of ``until`` and ``value``, the end anywhere after its beginning."""
    end = dice.choice((None, _near(dice, at + timedelta(days=9)), edges.moment(dice)))
    if kind is ControlKind.SILENCE:
        return {"until": end, "value": None}
    if kind is ControlKind.BREAKER:
        return {"until": end, "value": dice.choice(("forced_open", "forced_closed", "shadow", "auto"))}
    lasts = kind in (ControlKind.SUPPRESS, ControlKind.PAUSE)
    return {"until": end if lasts else None, "value": None}


def _record(topic: str, key: str, body: Any, dice: Random, at: datetime, headers: Headers = ()) -> Odd:
    """A record of a JSON value, in one of the ways in which a program writes JSON."""
    text = json.dumps(body, ensure_ascii=dice.random() < 0.7)
    return Odd(topic, _encoded(key), text.encode(errors="surrogatepass"), milliseconds(at), headers)


def _twisted(record: Odd, dice: Random) -> Odd:
    """Mostly as it is; sometimes its bytes, key, headers, time or place are not what its writer meant."""
    if dice.random() < 0.2:
        record = record._replace(value=dice.choice(_SPOILT)(record.value or b"{}", dice))
    if dice.random() < 0.08:
        record = record._replace(key=_odd_key(record.key, dice))
    if dice.random() < 0.2:
        record = record._replace(headers=(*record.headers, *_odd_headers(dice)))
    if dice.random() < 0.1:
        record = record._replace(timestamp=dice.choice(edges.STAMPS))
    if dice.random() < 0.03:
        record = record._replace(elsewhere=dice.randrange(1, 4))
    return record


def _odd_key(key: bytes | None, dice: Random) -> bytes | None:
    others = (None, *edges.BYTES, *map(_encoded, edges.TEXTS), (key or b"") + b"\xff", b"pause/\xff", b"silence/")
    return dice.choice(others)


def _odd_headers(dice: Random) -> Iterator[tuple[str, bytes | None]]:
    for _ in range(dice.choice((1, 2, 2, 40))):
        name = dice.choice((*(f"ce_{each}" for each in ATTRIBUTES), "content-type", "Content-Type", "churn-dlt-reason",
                            "churn-requeued", "churn-version", "x", "", "ce_", "ce_\0", "é" * 300))  # fmt: skip
        kinds = (b"application/json", b"application/cloudevents+json; charset=utf-8", b"text/plain", b"1.0", b"7")
        yield name, dice.choice((None, edges.raw(dice), *kinds, edges.moment(dice).encode()))


def _mutated(value: bytes, dice: Random) -> bytes:
    drawn = bytearray(value)
    for _ in range(dice.choice((1, 1, 2, 8))):
        if drawn:
            drawn[dice.randrange(len(drawn))] = dice.randrange(256)
    return bytes(drawn)


_SPOILT: Final[tuple[Callable[[bytes, Random], bytes | None], ...]] = (
    _mutated, _mutated, _mutated,
    lambda value, dice: value[: dice.randrange(len(value) + 1)],
    lambda value, dice: value[dice.randrange(len(value) + 1) :],
    lambda value, dice: value + value,
    lambda value, dice: edges.raw(dice),
    lambda value, dice: edges.nested(dice) if dice.random() < 0.3 else b"[" + value + b"]",
    lambda value, dice: value[:-1] + b',"more":' + edges.nested(dice)[:2_000] + b"}",
    lambda value, dice: gzip.compress(value, mtime=0),
    lambda value, dice: b"\xef\xbb\xbf" + value,
    lambda value, dice: value.replace(b'"', b"'"),
    lambda value, dice: value[:-1] + b"," + value[1:],
    lambda value, dice: b'{"id":' + b"9" * dice.choice((4_300, 4_301, 5_000)) + b"," + value[1:],
    lambda value, dice: value + b" " * (dice.choice((262_143, 262_144, 262_145, 5_000_000)) if _seldom(dice) else 1),
    lambda value, dice: b"\0" * (5_000_000 if _seldom(dice) else 3),
    lambda value, dice: json.dumps(edges.value(dice)).encode(),
    lambda value, dice: None,
    lambda value, dice: b"",
)  # fmt: skip


def _seldom(dice: Random) -> bool:
    return dice.random() < 0.05


def _faults(dice: Random) -> int:
    return dice.choice((0, 0, 1, 1, 2, 3))


def _near(dice: Random, at: datetime) -> str:
    return (at - timedelta(seconds=dice.choice((0, 1, 3_600, 86_400, 90_000)))).isoformat()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def milliseconds(at: datetime) -> int:
    """A moment as a record time."""
    return int(at.timestamp() * 1000)


_DRAWN: Final = {
    topics.EVENTS: _event, topics.PROFILES: _profile, topics.FEEDBACK: _feedback, topics.CONTROL: _control,
}  # fmt: skip
