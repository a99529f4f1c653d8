"""What apps send, and what becomes of it (A1-A4)."""

import json
from typing import Any

import pytest

from agents.driver import Driver
from agents.roles.health import health
from schemas.control import Control, ControlKind
from schemas.policy import Role, Source
from schemas.reject import CUT, MISSING, DeadLetterHeader, RejectReason
from schemas.warning import Level, Warning
from streams.health import IntakeStopped, open_health
from tests.flow.story import PLACED, PURCHASE, SHOP, VISIT, Story, but, day

FORMS = ["plain", "structured", "binary"]


def send(story: Story, form: str, user: str, number: int) -> None:
    """The same visit in one of the three forms an app may choose."""
    at, id = day(number), f"{user}-{number}"
    attributes = {"id": id, "source": "shop", "type": VISIT, "time": at.isoformat()}
    if form == "plain":
        body: dict[str, Any] = {**attributes, "user_id": user, "properties": {"page": "home"}}
        story.record(at, user.encode(), json.dumps(body).encode())
    elif form == "structured":
        body = {**attributes, "specversion": "1.0", "subject": user, "data": {"page": "home"}}
        content = ("content-type", b"application/cloudevents+json; charset=utf-8")
        story.record(at, user.encode(), json.dumps(body).encode(), (content,))
    else:
        named = {**attributes, "specversion": "1.0", "subject": user}
        headers = (("content-type", b"application/json"), *((f"ce_{k}", v.encode()) for k, v in named.items()))
        story.record(at, user.encode(), b'{"page": "home"}', headers)


@pytest.mark.requirement("A1")
async def test_plain_json_and_both_modes_of_cloudevents_say_the_same() -> None:
    """Three users with one life, each sent in another form, are warned of at the same index for the same reasons."""
    story = Story()
    for form in FORMS:
        for number in range(20):
            send(story, form, f"{form}-user", number)
    story.crowd(range(45))
    heard = await story.told()
    plain, structured, binary = (heard.warnings(f"{form}-user") for form in FORMS)
    assert [warning.level for warning in plain] == [Level.RISK, Level.CRITICAL]
    assert [w.index for w in plain] == [w.index for w in structured] == [w.index for w in binary]
    assert [w.evidence for w in plain] == [w.evidence for w in structured] == [w.evidence for w in binary]
    assert heard.dead_letters == []


_FAR = int(day(45).timestamp() * 1000)
GOOD = {"id": "1", "source": "shop", "type": VISIT, "time": day(5).isoformat(), "user_id": "ann"}
BAD = [
    (RejectReason.EMPTY, b""),
    (RejectReason.NOT_JSON, b'{"id": '),
    (RejectReason.NOT_UTF8, b'{"id": "\xff"}'),
    (RejectReason.NOT_AN_OBJECT, b"[1, 2]"),
    *((MISSING[field], json.dumps({name: GOOD[name] for name in GOOD if name != field}).encode()) for field in MISSING),
    (RejectReason.WRONG_TYPE, json.dumps({**GOOD, "properties": "none"}).encode()),
    (RejectReason.UNREADABLE_TIME, json.dumps({**GOOD, "time": "10 January"}).encode()),
    (RejectReason.NAIVE_TIME, json.dumps({**GOOD, "time": "2026-01-10T10:00:00"}).encode()),
    (RejectReason.ABSURD_TIME, json.dumps({**GOOD, "time": "1926-01-10T10:00:00Z"}).encode()),
    (RejectReason.TOO_EARLY, json.dumps({**GOOD, "time": day(6).isoformat()}).encode()),
    (RejectReason.KEY_MISMATCH, json.dumps({**GOOD, "user_id": "somebody else"}).encode()),
    (RejectReason.TOO_LARGE, json.dumps({**GOOD, "properties": {"x": "x" * 300_000}}).encode()),
]


@pytest.mark.requirement("A3")
async def test_bad_input_goes_to_the_dead_letters_as_it_came_and_the_stream_goes_on() -> None:
    """Each with its reason, its coordinates, and its own bytes, key and headers; good users are warned of as ever."""
    story = Story()
    story.lives("ann", range(20))
    story.crowd(range(35))
    for _reason, value in BAD:
        story.record(day(5), b"ann", value, (("traceparent", b"00-abc"),))
    heard = await story.told()
    assert [warning.level for warning in heard.warnings("ann")] == [Level.RISK]
    assert len(heard.dead_letters) == len(BAD)
    for letter, (reason, value) in zip(heard.dead_letters, BAD, strict=True):
        headers = dict(letter.headers)
        assert headers[DeadLetterHeader.REASON] == reason.encode()
        assert (letter.key, headers["traceparent"]) == (b"ann", b"00-abc")
        assert letter.value == (value if reason is not RejectReason.TOO_LARGE else value[: len(letter.value)])
        assert (CUT in headers) == (letter.value != value)
        [source] = [r for r in heard.driver.read("app.events") if r.value == value]
        place = (source.partition, source.offset, source.timestamp)
        named = (DeadLetterHeader.PARTITION, DeadLetterHeader.OFFSET, DeadLetterHeader.TIMESTAMP)
        assert tuple(int(headers[name]) for name in named) == place
        assert headers[DeadLetterHeader.TOPIC] == b"app.events"
        assert headers[DeadLetterHeader.DETAIL], "a person can read what to mend"


@pytest.mark.requirement("A4")
async def test_duplicates_late_events_and_unknown_types_change_nothing() -> None:
    """Every event twice, some of them days late, and events the policy does not know: the same warnings as without."""

    def life(noisy: bool) -> Story:
        story = Story()
        for number in range(20):
            send(story, "plain", "ann", number)
            if noisy:
                send(story, "binary", "ann", number)
                story.event("ann", day(number, hour=11), type="lamp.switched")
        if noisy:
            late = {**GOOD, "id": "late", "type": PURCHASE, "time": day(21).isoformat()}
            story.record(day(25), b"ann", json.dumps(late).encode())
        story.crowd(range(45))
        return story

    quiet, noisy = await life(noisy=False).told(), await life(noisy=True).told()
    assert quiet.warnings("ann") == noisy.warnings("ann") != []
    assert noisy.dead_letters == []


@pytest.mark.requirement("A2")
async def test_each_app_has_names_of_its_own_and_what_no_policy_knows_is_counted() -> None:
    """A till that calls a purchase `open` makes a life like the app's; in the app the same word means nothing."""
    till = Source(events={"open": Role.PURCHASE, "closed": Role.COMPLAINT_OPENED})
    policy = SHOP.model_copy(update={"sources": {"till": till}})

    def says(story: Story, user: str, source: str, type: str, number: int) -> None:
        body = {
            **GOOD,
            "id": f"{user}-{type}-{number}",
            "source": source,
            "type": type,
            "time": day(number).isoformat(),
        }
        story.record(day(number), user.encode(), json.dumps({**body, "user_id": user}).encode())

    story = Story(policy)
    for number in range(20):
        says(story, "ann", "app", PURCHASE, number)
        says(story, "gus", "till", "open", number)
        says(story, "eve", "app", "open", number)
        says(story, "zoe", "till", VISIT, number)
    says(story, "zoe", "app", "closed", 19)
    story.crowd(range(45))
    heard = await story.told()
    ann, gus, zoe = (heard.warnings(user) for user in ("ann", "gus", "zoe"))
    assert [warning.level for warning in ann] == [Level.RISK, Level.CRITICAL]
    assert [w.evidence for w in gus] == [w.evidence for w in ann]
    assert [w.index for w in zoe] == [w.index for w in ann], "[events] holds for the till's other names, too"
    assert heard.all_warnings("eve") == []
    partition = open_health(policy)(0, {}, None)
    partition.step(
        "app.events", [record for record in heard.driver.read("app.events") if record.key in LISTED], day(45)
    )
    assert partition.tally()["event.unknown_type"] == 21


LISTED = (b"ann", b"gus", b"eve", b"zoe")


@pytest.mark.requirement("A2")
async def test_roles_that_no_rule_uses_yet_are_taken_and_change_no_warning() -> None:
    """Coupons, questions, errors, referrals: known, counted as applied, and silent about health."""

    def life(more: bool) -> Story:
        story = Story()
        story.lives("ann", range(20))
        names = [name for name, role in SHOP.events.items() if role in UNUSED] if more else []
        for number, name in enumerate(names):
            story.event("ann", day(number + 1, hour=11), type=name)
        story.crowd(range(45))
        return story

    quiet, talkative = await life(more=False).told(), await life(more=True).told()
    assert talkative.warnings("ann") == quiet.warnings("ann") != []
    partition = open_health(SHOP)(0, {}, None)
    records = [record for record in talkative.driver.read("app.events") if record.key == b"ann"]
    partition.step("app.events", records, day(45))
    tally = partition.tally()
    assert (tally["event.applied"], tally.get("event.unknown_type", 0)) == (20 + len(UNUSED), 0)


UNUSED = (
    Role.COUPON_ISSUED, Role.COUPON_REDEEMED, Role.COMPETITOR_VIEWED, Role.REFERRAL, Role.QUESTION_ASKED,
    Role.HELP_OPENED, Role.ERROR_MET, Role.BRAND_ACTIVITY, Role.CORE_ACTION,
)  # fmt: skip


@pytest.mark.requirement("A1", "A3")
async def test_a_record_in_another_partition_than_its_keys_is_refused() -> None:
    """A producer with another partitioner would give ann a second history: her own goes on as if nothing had come."""

    def life(strays: bool) -> Story:
        story = Story()
        story.lives("ann", range(20))
        story.crowd(range(45))
        wrong = (PLACED.of(b"ann") + 1) % PLACED.partitions
        stray, ms = {**GOOD, "time": day(22).isoformat()}, int(day(22).timestamp() * 1000)
        if strays:
            story.does(
                day(22),
                lambda driver: driver.topics.append("app.events", wrong, ms, b"ann", json.dumps(stray).encode(), ()),
            )
        return story

    quiet, strayed = await life(strays=False).told(), await life(strays=True).told()
    assert quiet.warnings("ann") == strayed.warnings("ann") != []
    [letter] = strayed.dead_letters
    assert dict(letter.headers)[DeadLetterHeader.REASON] == b"wrong_partition"


NEIGHBOUR = next(f"regular-{n}" for n in range(99) if PLACED.of(f"regular-{n}".encode()) == PLACED.of(b"ann"))
"""Somebody in Ann's partition who goes on visiting: where nobody does, the feed stands still, and with it time."""


@pytest.mark.requirement("A3")
async def test_a_bad_release_stops_its_partition_until_an_operator_lets_it_go_on() -> None:
    """Nothing is lost meanwhile: what came before the stop is refused with its reason, what waits is taken after it."""
    limits = SHOP.intake.rejects.model_copy(update={"stop": True, "min_records": 10})
    policy = but(SHOP, intake={"rejects": limits})
    driver = Driver(policy, [health(policy, placement=PLACED)], PLACED.partitions)

    def visit(user: str, number: int) -> None:
        body = {**GOOD, "id": str(number), "user_id": user, "time": day(number).isoformat()}
        driver.send("app.events", user.encode(), json.dumps(body).encode(), int(day(number).timestamp() * 1000))

    for _ in range(20):
        driver.send("app.events", b"ann", b"{", int(day(0).timestamp() * 1000))
    await driver.turn(day(0))
    for number in range(20):
        visit("ann", number)
    for _retry in range(3):
        with pytest.raises(IntakeStopped, match="20 of the last 20 records refused"):
            await driver.settle(day(40))
    word = Control(kind=ControlKind.INTAKE, target="*", who="ann", why="release 4.2 is rolled back", at=day(40))
    driver.send(word.TOPIC, word.key.encode(), word.encode(), 0)
    await driver.settle(day(40))
    for number in range(20, 46):
        visit(NEIGHBOUR, number)
    await driver.settle(day(45))
    assert [warning.level for warning in driver.messages(Warning)] == [Level.WATCH, Level.RISK, Level.CRITICAL]
    assert len(driver.read("app.events-dlt")) == 20


@pytest.mark.requirement("A1")
async def test_two_input_topics_are_one_history_and_a_dead_letter_names_its_own() -> None:
    """A user's web visits count like those in the app, and an event that came on both counts once."""
    driver = Driver(SHOP, [health(SHOP, ("app.events", "web.events"), PLACED)], PLACED.partitions)
    for number in range(20):
        body = json.dumps({**GOOD, "id": str(number), "time": day(number).isoformat()}).encode()
        for topic in ("app.events", "web.events"):
            driver.send(topic, b"ann", body, int(day(number).timestamp() * 1000))
        await driver.settle(day(number))
    driver.send("web.events", b"ann", b"{", int(day(20).timestamp() * 1000))
    for number in range(20, 46):
        body = json.dumps({**GOOD, "user_id": NEIGHBOUR, "id": str(number), "time": day(number).isoformat()}).encode()
        driver.send("web.events", NEIGHBOUR.encode(), body, _FAR)
    driver.send("web.events", b"ann", json.dumps({**GOOD, "id": "x", "time": day(45).isoformat()}).encode(), _FAR)
    await driver.settle(day(45))
    levels = [warning.level for warning in driver.messages(Warning)]
    assert levels == [Level.WATCH, Level.RISK, Level.CRITICAL, Level.RECOVERED]
    first = driver.messages(Warning)[0]
    assert first.evidence is not None
    assert (first.evidence.repeats, first.evidence.events_28) == (19, first.evidence.active_days_28)
    [letter] = driver.read("app.events-dlt")
    assert dict(letter.headers)[DeadLetterHeader.TOPIC] == b"web.events"
