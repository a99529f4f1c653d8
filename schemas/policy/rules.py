"""What must agree between fields of a policy; each rule judges only what is faultless by itself.

A rule sees the file as it was written (so that it can name places in it), through :class:`Sound`, which hides the parts
already found faulty: one mistake is told once.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.faults import Location
from schemas.policy.health import Product
from schemas.policy.policy import DEFAULT_PRODUCT, Policy

DEFAULTS = Policy(name="defaults").model_dump(mode="json")
PRODUCT = Product().model_dump(mode="json")


class Conflict(NamedTuple):
    """A place that does not agree with another one."""

    location: Location
    value: object
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A policy file of which only the faultless parts can be seen; ``faulty`` holds the places of the others."""

    tree: Mapping[str, Any]
    faulty: frozenset[Location]

    def get(self, *location: int | str) -> Any:
        """What stands at a place, else the policy's default there; None where it is faulty or there is nothing."""
        if any(location[:depth] in self.faulty for depth in range(1, len(location) + 1)):
            return None
        written = _walk(self.tree, location)
        return _walk(DEFAULTS, location) if written is None else written

    def items(self, *location: int | str) -> Iterator[tuple[int | str, Any]]:
        """The faultless entries of a table or list, each with its key or number."""
        whole = self.get(*location)
        keys = whole if isinstance(whole, Mapping) else range(len(whole or ()))
        return ((key, entry) for key in keys if (entry := self.get(*location, key)) is not None)


def _walk(tree: Any, location: Location) -> Any:
    for part in location:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _thresholds(sound: Sound) -> Iterator[Conflict]:
    """The lesser limit of a pair lies under the greater one."""
    for section, lesser, greater in (
        (("intake", "rejects"), "clear", "limit"),
        (("warnings",), "critical", "risk"),
        (("warnings", "collapse"), "ratio", "rearm_ratio"),
        (("warnings", "stages"), "lapsed", "dormant"),
        (("warnings", "stages"), "dormant", "long_dormant"),
        (("breaker",), "complaint_clear", "complaint_warn"),
        (("breaker",), "failure_clear", "failure_warn"),
        (("breaker",), "complaint_warn", "complaint_open"),
        (("breaker",), "failure_warn", "failure_open"),
    ):
        low, high = sound.get(*section, lesser), sound.get(*section, greater)
        if low is not None and high is not None and low >= high:
            other = ".".join((*section, greater))
            yield Conflict((*section, lesser), low, f"is not under {other} = {high}", f"lower it, or raise {other}")


def _window(sound: Sound) -> Iterator[Conflict]:
    """The window of rejects holds the records that must be there to judge it, also when it has just been halved."""
    least, window = sound.get("intake", "rejects", "min_records"), sound.get("intake", "rejects", "window_records")
    if least is not None and window is not None and 2 * least > window:
        message = f"is over half of intake.rejects.window_records = {window}"
        yield Conflict(("intake", "rejects", "min_records"), least, message, "lower it, or widen the window")


def _pauses(sound: Sound) -> Iterator[Conflict]:
    """A pause is at most what doubling may make of it."""
    pause, longest = sound.get("breaker", "open_minutes"), sound.get("breaker", "open_minutes_max")
    if pause is not None and longest is not None and pause > longest:
        message = f"is over breaker.open_minutes_max = {longest}"
        yield Conflict(("breaker", "open_minutes"), pause, message, "lower it, or raise breaker.open_minutes_max")


def _limited(sound: Sound) -> Iterator[Conflict]:
    """A budget is for a playbook that is there, a volume cap for a configured channel."""
    names = {sound.get("playbooks", number, "name") for number, _ in sound.items("playbooks")}
    unsure = any(place[0] == "playbooks" for place in sound.faulty)
    for name, amount in () if unsure else sound.items("budgets", "playbooks"):
        if name not in names:
            yield Conflict(("budgets", "playbooks", name), amount, "is the budget of no playbook", "correct the name")
    configured = sound.get("channels")
    for name, _ in () if configured is None else sound.items("volume", "channels"):
        if name not in configured:
            yield Conflict(
                ("volume", "channels", name), name, "is not configured", f"add [channels.{name}], or take it away"
            )


def _default_product(sound: Sound) -> Iterator[Conflict]:
    """A product that is not listed has a definition of churn, too."""
    products = sound.get("products")
    if products is not None and DEFAULT_PRODUCT not in products:
        yield Conflict(
            ("products", DEFAULT_PRODUCT),
            None,
            "is missing",
            f"add [products.{DEFAULT_PRODUCT}]; it stands for every product that is not listed",
        )


def _fed(sound: Sound) -> Iterator[Conflict]:
    """Some event of the app is an occasion of each product."""
    mapped = {role for _, role in sound.items("events")}
    for source, _ in sound.items("sources"):
        mapped.update(role for _, role in sound.items("sources", source, "events"))
    unsure = any(place[0] in ("events", "sources") for place in sound.faulty)
    for name, _ in () if unsure else sound.items("products"):
        place: Location = ("products", name, "activity")
        activity = sound.get(*place) or (None if place in sound.faulty else PRODUCT["activity"])
        if activity and not mapped.intersection(filter(lambda role: isinstance(role, str), activity)):
            yield Conflict(
                place, activity, "is met by no event", "map at least one event name to one of these roles in [events]"
            )


def _channels(sound: Sound) -> Iterator[Conflict]:
    """A playbook uses configured channels only."""
    configured = sound.get("channels")
    for number, _ in () if configured is None else sound.items("playbooks"):
        for place, channel in sound.items("playbooks", number, "channels"):
            if channel not in configured:
                location: Location = ("playbooks", number, "channels", place)
                yield Conflict(
                    location, channel, "is not configured", f"add [channels.{channel}], or take it from the list"
                )


def _products(sound: Sound) -> Iterator[Conflict]:
    """A playbook is for listed products, or for all."""
    listed = sound.get("products")
    for number, _ in () if listed is None else sound.items("playbooks"):
        for place, product in sound.items("playbooks", number, "products"):
            if product != "*" and product not in listed:
                location: Location = ("playbooks", number, "products", place)
                yield Conflict(
                    location, product, "is not listed", f"add [products.{product}], correct the name, or give '*'"
                )


def _names(sound: Sound) -> Iterator[Conflict]:
    """Each playbook and each cap has a name of its own."""
    for section, what in (("playbooks", "playbook"), ("caps", "cap")):
        first: dict[str, int | str] = {}
        for number, entry in sound.items(section):
            name = entry.get("name")
            if isinstance(name, str) and first.setdefault(name, number) != number:
                message = f"is the name of {section}[{first[name]}] already"
                yield Conflict((section, number, "name"), name, message, f"give each {what} a name of its own")


def _caps(sound: Sound) -> Iterator[Conflict]:
    """A cap says what it allows, and in which window: one of hours and days, and neither where it allows none."""
    for number, cap in sound.items("caps"):
        place: Location = ("caps", number)
        if any(faulty[:2] == place for faulty in sound.faulty):
            continue
        count, windows = cap.get("count"), [each for each in ("hours", "days") if cap.get(each) is not None]
        if count is None and not cap.get("gap_hours"):
            yield Conflict((*place, "count"), None, "is missing", "say how many are allowed, or give gap_hours")
        elif len(windows) > 1:
            yield Conflict((*place, "days"), cap["days"], "stands beside hours", "keep one of the two")
        elif count and not windows:
            yield Conflict((*place, "hours"), None, "is missing", "say in how many hours, or in how many days")
        elif not count and windows:
            why = "has no count" if count is None else "is the window of none"
            yield Conflict((*place, windows[0]), cap[windows[0]], why, "give a count of 1 or more, or take it away")


def _once(sound: Sound) -> Iterator[Conflict]:
    """Nothing stands twice in a list."""
    lists: list[Location] = [("products", name, "activity") for name, _ in sound.items("products")]
    for number, _ in sound.items("playbooks"):
        lists += [("playbooks", number, field) for field in ("levels", "products", "channels")]
    lists += [("caps", number, field) for number, _ in sound.items("caps") for field in ("channels", "classes")]
    for number, _ in sound.items("quiet_hours"):
        lists += [("quiet_hours", number, field) for field in ("channels", "classes", "zones", "weekdays")]
    for place in lists:
        for value, count in Counter(str(value) for _, value in sound.items(*place)).items():
            if count > 1:
                yield Conflict(place, value, f"stands there {count} times", "keep it once")


def _languages(sound: Sound) -> Iterator[Conflict]:
    """A subject, and a channel's own words, speak the languages of the template's text."""
    for name, _ in sound.items("templates"):
        text = sound.get("templates", name, "text")
        places: list[Location] = [("templates", name, "subject")]
        for channel, _ in sound.items("templates", name, "channels"):
            places += [("templates", name, "channels", channel, field) for field in ("subject", "text")]
        for place in places if text else ():
            given = sound.get(*place)
            for locale in sorted(text.keys() - given.keys()) if given else ():
                yield Conflict((*place, locale), None, "is missing", f"add it; templates.{name}.text speaks it")
            for locale in sorted(given.keys() - text.keys()) if given else ():
                message = f"is no language of templates.{name}.text"
                yield Conflict((*place, locale), given[locale], message, "add it there, or remove it here")


Rule = Callable[[Sound], Iterator[Conflict]]
RULES: tuple[Rule, ...] = (
    _default_product,
    _fed,
    _thresholds,
    _pauses,
    _window,
    _names,
    _caps,
    _products,
    _channels,
    _limited,
    _once,
    _languages,
)


def conflicts(
    tree: Mapping[str, Any], faulty: frozenset[Location] = frozenset(), more: tuple[Rule, ...] = ()
) -> Iterator[Conflict]:
    """Every disagreement between faultless fields of a policy file, by our rules and by more of them."""
    sound = Sound(tree, faulty)
    for rule in (*RULES, *more):
        yield from rule(sound)
