"""The gate's promises about one user, judged from the records and messages alone; nothing of ``streams`` is asked.

Everything a message may rest on is kept here a second time and in other words: what was heard of a user so far, in the
order in which it was heard. Hours are counted on the clock that stands on the user's wall.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import Any
from zoneinfo import ZoneInfo

from schemas.outbound import Outbound
from schemas.policy import Cap, Playbook, Policy, QuietHours
from streams.role import Fact
from tests.dispatching import Stood, Worked, read

Json = dict[str, Any]
KNOWN_ZONES = ("Asia/Shanghai", "America/New_York", "Pacific/Apia", "UTC")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ARRIVED = {"delivered", "opened", "clicked", "complained", "unsubscribed"}
PROVES: dict[str, set[str]] = {"accepted": {"accepted", *ARRIVED}, "delivered": ARRIVED}


class Life:
    """What is known of one user."""

    def __init__(self) -> None:
        self.profile: Json | None = None
        self.profile_at: datetime | None = None
        self.words: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
        self.open: dict[str, int] = {}
        self.removed: set[str] = set()
        self.silences: list[tuple[datetime, bool]] = []
        self.reports: dict[str, set[str]] = defaultdict(set)
        self.sent: list[Outbound] = []


class Watched(Worked):
    """A partition at work; ``law`` says of every message whether it might leave at that moment."""

    def __init__(self, policy: Policy, law: Callable[["Watched", Life, Outbound, Playbook], bool]) -> None:
        self.lives: dict[str, Life] = defaultdict(Life)
        self.broken: list[Outbound] = []
        self._law = law
        super().__init__(policy)

    def on_record(self, record: Stood, now: datetime) -> None:
        assert record.value is not None
        told = json.loads(record.value)
        life = self.lives[told["user_id"]]
        if "consent" in told:
            life.profile, life.profile_at = told, min(datetime.fromisoformat(told["time"]), now)
        elif "message" in told:
            self._reported(life, told, now)
        elif "source" in told:
            self._signed(life, told, now)

    def on_facts(self, facts: Sequence[Fact], now: datetime) -> None:
        books = {book.name: book for book in self.policy.playbooks}
        for message in read(facts, Outbound):
            assert message.at == now
            life = self.lives[message.user_id]
            if not self._law(self, life, message, books[message.playbook]):
                self.broken.append(message)
            life.sent.append(message)

    def _reported(self, life: Life, told: Json, now: datetime) -> None:
        at = min(datetime.fromisoformat(told["time"]), now)
        life.reports[told["message"]].add(told["kind"])
        if told["kind"] == "unsubscribed":
            life.words[told["channel"]].append((at, False))
        if told["kind"] == "complained":
            life.silences.append((at + timedelta(days=self.policy.silence.message_complaint_days), True))

    def _signed(self, life: Life, told: Json, now: datetime) -> None:
        at, product = datetime.fromisoformat(told["at"]), told["product"]
        match told["kind"]:
            case "complaint_opened" | "complaint_resolved":
                life.open[product] = told["open_complaints"]
                if told["kind"] == "complaint_opened":
                    life.silences.append((at + timedelta(days=self.policy.silence.service_complaint_days), False))
            case "uninstalled":
                life.removed.add(product)
            case "used_again":
                life.removed.discard(product)
            case kind:
                for channel in [told["channel"]] if "channel" in told else ("push", "sms"):
                    life.words[channel].append((min(at, now), kind == "opted_in"))


def agreed(watched: Watched, life: Life, message: Outbound, book: Playbook) -> bool:
    """With consent by the newest word, on a channel that leads to the user."""
    if life.profile is None or life.profile_at is None:
        return False
    told = [*life.words[message.channel], (life.profile_at, life.profile["consent"].get(message.channel, False))]
    newest = max(at for at, _ in told)
    reaches = message.channel in life.profile["reachable"]
    gone = message.channel == "push" and message.product in life.removed
    return all(given for at, given in told if at == newest) and reaches and not gone


def happy(watched: Watched, life: Life, message: Outbound, book: Playbook) -> bool:
    """Promotions to those without an open complaint, care to the others."""
    return any(life.open.values()) == (book.message_class == "care")


def unsilenced(watched: Watched, life: Life, message: Outbound, book: Playbook) -> bool:
    """Neither after a complaint nor against his own wish."""
    wish = life.profile and life.profile.get("silent_until")
    if wish and message.at < datetime.fromisoformat(wish):
        return False
    return all(message.at >= until for until, all_ in life.silences if all_ or book.message_class == "promotion")


def capped(watched: Watched, life: Life, message: Outbound, book: Playbook) -> bool:
    """Within every cap, and not before a gap is over."""
    return book.exempt or all(_within(watched, life, message, book, cap) for cap in watched.policy.caps)


def _within(watched: Watched, life: Life, message: Outbound, book: Playbook, cap: Cap) -> bool:
    if not _about(cap, message.channel, book):
        return True
    counted = [each for each in life.sent if _counts(watched, life, each, message, cap)]
    if (
        cap.count is not None
        and sum(_inside(each, message, cap, zone_of(watched, life)) for each in counted) >= cap.count
    ):
        return False
    return all(message.at >= each.at + timedelta(hours=cap.gap_hours) for each in counted)


def _about(rule: Cap | QuietHours, channel: str, book: Playbook) -> bool:
    return {"*", channel} & set(rule.channels) != set() and {"*", str(book.message_class)} & set(rule.classes) != set()


def _counts(watched: Watched, life: Life, each: Outbound, message: Outbound, cap: Cap) -> bool:
    [book] = [book for book in watched.policy.playbooks if book.name == each.playbook]
    if not book.counted or not _about(cap, each.channel, book) or (cap.per_channel and each.channel != message.channel):
        return False
    return cap.counts == "attempt" or bool(life.reports[each.id] & PROVES[cap.counts])


def _inside(each: Outbound, message: Outbound, cap: Cap, zone: ZoneInfo) -> bool:
    if cap.days:
        return (message.at.astimezone(zone).date() - each.at.astimezone(zone).date()).days < cap.days
    return message.at < each.at + timedelta(hours=cap.hours or 0)


def awake(watched: Watched, life: Life, message: Outbound, book: Playbook) -> bool:
    """In hours that the first fitting rule allows on the user's wall, and not in his own quiet ones."""
    zone = zone_of(watched, life)
    rules = [rule for rule in watched.policy.quiet_hours if _about(rule, message.channel, book)]
    own = life.profile and life.profile.get("quiet_hours")
    return allowed(message.at, zone, rules, (own["start"], own["end"]) if own else None)


def zone_of(watched: Watched, life: Life) -> ZoneInfo:
    zone = life.profile.get("zone") if life.profile else None
    return ZoneInfo(zone if zone in KNOWN_ZONES else watched.policy.dispatch.zone)


def allowed(at: datetime, zone: ZoneInfo, rules: Sequence[QuietHours], own: tuple[str, str] | None) -> bool:
    """Minutes on a ruler: each day lays down those that begin with it; a user's own are rubbed out."""
    shown = at.astimezone(zone)
    minute = shown.hour * 60 + shown.minute
    if own and minute in _minutes(*own):
        return False
    today, before = (_rule(rules, zone.key, WEEKDAYS[(shown.weekday() - back) % 7]) for back in (0, 1))
    begun, _ = _laid(today)
    _, over = _laid(before)
    return minute in begun or minute in over


def _laid(rule: QuietHours | None) -> tuple[set[int], set[int]]:
    """The minutes that a day's rule allows on the day itself, and on the next."""
    if rule is None or rule.allowed_from == rule.allowed_to:
        return set(range(1_440)), set()
    if rule.allowed_from < rule.allowed_to:
        return _minutes(rule.allowed_from, rule.allowed_to), set()
    return _minutes(rule.allowed_from, "24:00"), _minutes("00:00", rule.allowed_to)


def _rule(rules: Sequence[QuietHours], zone: str, day: str) -> QuietHours | None:
    return next((r for r in rules if day in r.weekdays and any(fnmatch(zone, each) for each in r.zones)), None)


def _minutes(first: str, last: str) -> set[int]:
    begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in (first, last))
    return set(range(begin, end)) if begin <= end else {*range(begin, 1_440), *range(end)}
