"""Random stories for a dispatcher partition: hard ones, because everything in them is about few users and few silences.

A story is grown from a seed, a round at a time, so that a shorter story is the beginning of a longer one: to look into
a failure, play ``story(seed, fewer)``. Long ones are drawn most, for little happens in a short one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from schemas.base import Message
from schemas.breaker import BreakerState
from schemas.channel import Channel
from schemas.control import Control, ControlKind
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import message_id, recall_id
from schemas.message_class import MessageClass
from schemas.policy import (
    Cap,
    ChannelPolicy,
    Counted,
    Dispatch,
    Playbook,
    Policy,
    QuietHours,
    Silence,
    Template,
    Variant,
)
from schemas.profile import Profile
from schemas.sign import Sign, SignKind
from schemas.warning import Level, Stage, Warning
from tests.dispatching import (
    T0,
    Lifted,
    breaker,
    feedback,
    lease,
    order,
    policy,
    profile,
    recovered,
    warning,
)
from tests.signs import sign

USERS = ("u1", "u2", "u3")
COPY = ("theirs", "ours", "ours", "pressing", "broken")
MOSTLY_ONE = ("u1", "u1", "u1", "u2", "u3")
CHANNELS = (Channel.PUSH, Channel.SMS)
SUBSETS = (CHANNELS, CHANNELS, CHANNELS, CHANNELS[:1], CHANNELS[1:], ())
MINUTES = (0, 0, 1, 5, 30, 61, 600, 1439, 1440, 1441, 3000, 10_080, 41_000)
LEVELS = (Level.RISK, Level.CRITICAL, Level.RISK, Level.CRITICAL, Level.WATCH)
ZONES = ("Asia/Shanghai", "America/New_York", "Pacific/Apia", "UTC", "Mars/Base")
KINDS = (*FeedbackKind, FeedbackKind.UNSUBSCRIBED, FeedbackKind.COMPLAINED, FeedbackKind.FAILED)
HOUR = timedelta(hours=1)
TEMPLATES = {
    "ours": Template(
        text={"default": "{{ user }}, {{ product }}"}, channels={Channel.SMS: Variant(text={"default": "拒收请回复R"})}
    ),
    "pressing": Template(text={"default": "限时"}, channels={Channel.SMS: Variant(text={"default": "拒收请回复R"})}),
    "broken": Template(text={"default": "{{ nobody }}"}),
}


class Round(NamedTuple):
    """What happens at one instant of processing time."""

    now: datetime
    heard: tuple[Message | Lifted, ...]
    records: tuple[Message, ...]
    tokens: int
    board: bool
    contacted: frozenset[str]


Story = tuple[Round, ...]


def story(seed: int, length: int) -> Story:
    """As health writes: no warning comes twice, and a return comes after a warning of its episode.

    Everybody is known at first, or little would happen.
    """
    seen: set[str] = set()
    told = [Round(T0, (), tuple(map(profile, USERS)), 0, True, frozenset())]
    for number in range(length):
        dice = Random(f"{seed}/{number}")
        now = told[-1].now + timedelta(minutes=dice.choice(MINUTES))
        records = [_record(dice, number, now) for _ in range(dice.randrange(7))]
        told.append(
            Round(
                now,
                (*_words(dice, number), *_orders(dice, now)),
                tuple(each for each in records if _happens(each, seen)),
                tokens=dice.choice((100, 100, 100, 100, 2, 1, 0)),
                board=dice.random() < 0.85,
                contacted=frozenset(dice.choice(((), (), (), ("u1",), ("u2",)))),
            )
        )
    return tuple(told)


stories = st.builds(story, st.integers(0, 2**32), st.integers(0, 49).map(lambda left: 50 - left))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Small caps, short and long lives, one playbook or none for a level, often one for the unhappy."""
    dice = draw(st.randoms(use_true_random=False))
    rate = dice.choice((0.001, 10))
    levels = dice.choice(((Level.RISK,), (Level.RISK, Level.CRITICAL), (Level.RISK, Level.CRITICAL)))
    care = Playbook(
        name="care",
        message_class=MessageClass.CARE,
        levels=levels,
        channels=CHANNELS,
        template="t",
        exempt=dice.random() < 0.5,
        counted=dice.random() < 0.5,
    )
    promotion = Playbook(name="p", levels=levels, channels=tuple(dice.sample(CHANNELS, 2)), template=dice.choice(COPY))
    return policy(
        templates=TEMPLATES,
        channels={each: ChannelPolicy(cost=1, rate_per_second=rate) for each in CHANNELS},
        playbooks=(care, promotion) if dice.random() < 0.6 else (promotion,),
        caps=tuple(_cap(dice, number) for number in range(dice.randrange(4))),
        quiet_hours=tuple(_hours(dice) for _ in range(dice.choice((0, 0, 1, 2)))),
        silence=Silence(
            message_complaint_days=dice.choice((0, 0, 1, 180)), service_complaint_days=dice.choice((0, 0, 2))
        ),
        dispatch=Dispatch(
            expiry_hours=dice.choice((1, 72)),
            registry_gap_hours=dice.choice((0, 24)),
            registry_hold_minutes=dice.choice((0, 60)),
            zone=dice.choice(ZONES[:-1]),
            return_cooldown_days=dice.choice((0, 0, 0, 1, 28)),
        ),
    )


def _cap(dice: Random, number: int) -> Cap:
    window: dict[str, int] = {dice.choice(("hours", "hours", "days")): dice.choice((1, 3, 7, 24))}
    count = dice.choice((1, 1, 2, 3, 3, 0, None))
    return Cap(
        name=f"cap-{number}",
        channels=dice.choice((("*",), ("*",), (Channel.PUSH,), (Channel.SMS,))),
        classes=dice.choice((("*",), ("*",), (MessageClass.PROMOTION,))),
        per_channel=dice.random() < 0.5,
        count=count,
        gap_hours=dice.choice((1, 30)) if count is None else dice.choice((0, 0, 5)),
        counts=dice.choice((Counted.ATTEMPT, Counted.ATTEMPT, *Counted)),
        **(window if count else {}),
    )


def _hours(dice: Random) -> QuietHours:
    first, last = dice.choice((("08:00", "22:00"), ("20:00", "02:30"), ("09:00", "09:00")))
    return QuietHours(
        channels=dice.choice((("*",), (Channel.SMS,))),
        classes=dice.choice((("*",), (MessageClass.PROMOTION,))),
        zones=dice.choice((("*",), ("America/*",))),
        weekdays=dice.choice((("mon", "tue", "wed"), ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))),
        allowed_from=first,
        allowed_to=last,
    )


def _record(dice: Random, number: int, now: datetime) -> Message:
    kind = dice.choice((*[_warning] * 8, *[_return] * 4, *[_profile] * 2, *[_report] * 4, *[_sign] * 3))
    return kind(dice, number, now)


def _silence(dice: Random, number: int) -> dict[str, object]:
    """A new silence every few rounds, two products; warnings about an older one still come in."""
    return {"product": dice.choice(("shop", "grocery")), "day": max(0, number // 4 - dice.choice((0, 0, 1)))}


def _warning(dice: Random, number: int, now: datetime) -> Warning:
    stage = dice.choice((Stage.AT_RISK, Stage.AT_RISK, Stage.LAPSED))
    user, level = dice.choice(MOSTLY_ONE), dice.choice(LEVELS)
    return warning(user, level, stage=stage, at=now, **_silence(dice, number))


def _return(dice: Random, number: int, now: datetime) -> Warning:
    return recovered(dice.choice(MOSTLY_ONE), **_silence(dice, number))


def _profile(dice: Random, number: int, now: datetime) -> Profile:
    at = now + dice.choice((-30 * HOUR, -HOUR, 0 * HOUR, HOUR, 99_999 * HOUR))
    more = {
        "zone": dice.choice(ZONES),
        "quiet_hours": dice.choice((None, None, {"start": "13:00", "end": "09:00"})),
        "silent_until": dice.choice((None, None, None, now + 40 * HOUR)),
    }
    return profile(dice.choice(MOSTLY_ONE), dice.choice(SUBSETS), dice.choice(SUBSETS), at, **more)


def _sign(dice: Random, number: int, now: datetime) -> Sign:
    kind, at = dice.choice(tuple(SignKind)), now + dice.choice((-30 * HOUR, 0 * HOUR, HOUR))
    product, channel = dice.choice(("shop", "grocery")), None
    if kind is SignKind.OPTED_IN or (kind is SignKind.OPTED_OUT and dice.random() < 0.8):
        channel = dice.choice(CHANNELS)
    return sign(kind, dice.choice(MOSTLY_ONE), at=at, product=product, channel=channel, n=number)


def _report(dice: Random, number: int, now: datetime) -> Feedback:
    """About a message that may or may not have been sent, of this user or another."""
    about = _warning(dice, number, now)
    message = message_id(recall_id(about.user_id, about.episode, about.stage), dice.choice((1, 1, 1, 2, 2, 3)))
    user = dice.choice((about.user_id, about.user_id, about.user_id, *USERS))
    told = feedback(message, dice.choice(KINDS), user, dice.choice(CHANNELS))
    return told.model_copy(update={"time": now + dice.choice((-30 * HOUR, 0 * HOUR, HOUR))})


def _words(dice: Random, number: int) -> tuple[Message, ...]:
    """The governor's words in either order, also leases of an old round; often a half-open round with its lease."""
    if dice.random() < 0.6:
        return ()
    channel, current = dice.choice(CHANNELS), number // 5 + 1
    state = dice.choice((*BreakerState, BreakerState.HALF_OPEN, BreakerState.CLOSED))
    said = [
        breaker(state, channel, current),
        lease(dice.randrange(4), channel, dice.choice((0, 0, 1)), dice.choice((current, current, max(1, current - 1)))),
    ]
    return tuple(dice.sample(said, dice.randint(1, 2)))


def _orders(dice: Random, now: datetime) -> tuple[Control | Lifted, ...]:
    """What operators say now and then, and take back as often; also what is over when it is heard."""
    return tuple(_order(dice, now) for _ in range(dice.choice((0, 0, 0, 0, 1, 2))))


def _order(dice: Random, now: datetime) -> Control | Lifted:
    kind = dice.choice((ControlKind.SUPPRESS, ControlKind.SUPPRESS, ControlKind.SILENCE, ControlKind.PAUSE))
    target = dice.choice(("p", "p", "*", "other") if kind is ControlKind.PAUSE else USERS)
    if dice.random() < 0.5:
        return Lifted(f"{kind}/{target}")
    at = now - dice.choice((0, 0, 0, 99)) * HOUR
    until = at + dice.choice((1, 24, 200)) * HOUR if kind is ControlKind.SILENCE or dice.random() < 0.5 else None
    return order(kind, target, at, until=until)


def _happens(message: Message, seen: set[str]) -> bool:
    if not isinstance(message, Warning):
        return True
    if message.level is Level.RECOVERED:
        return message.episode in seen
    fresh = message.id not in seen
    seen |= {message.id, message.episode}
    return fresh


def warned(told: Story) -> Iterator[Warning]:
    """Every warning of a story that is a candidate."""
    for each in told:
        for message in each.records:
            if isinstance(message, Warning) and message.level is not Level.RECOVERED:
                yield message
