"""What a campaign stands on: the same seed gives the same town and the same blows, and the town is no easy one."""

import random
from collections import Counter
from datetime import timedelta
from itertools import islice

from tests.faults.blows import BLOWS, deal
from tests.faults.book import Stood
from tests.faults.oracle_input import Event, Input, event_of
from tests.faults.oracle_learning import Told
from tests.faults.oracle_time import Time
from tests.faults.rules import Rules
from tests.faults.town import EVENTS, PROFILES, START, Sent, Town, outage


def lived(seed: int, days: int) -> list[Sent]:
    """What a small town sends in its first days."""
    town = Town(seed, 60, START)
    return [*town.profiles(), *(sent for day in islice(town.days(), days) for sent in day)]


def stood(sent: list[Sent]) -> list[Stood]:
    """The events among it, as they stand on one partition."""
    events = [each for each in sent if each.topic == EVENTS]
    return [Stood(EVENTS, 0, n, int(s.at.timestamp() * 1000), s.key, s.value, s.headers) for n, s in enumerate(events)]


def read(records: list[Stood]) -> Input:
    """What the oracle makes of them, where nobody has taken anything in yet."""
    rules = Rules()
    return Input(rules, records, {0: []}, lambda name, n: Time(rules.products[name], n, Told(name, [], 1), {}))


def test_the_same_seed_makes_the_same_town() -> None:
    assert lived(3, 20) == lived(3, 20)
    assert lived(3, 20) != lived(4, 20)


def test_a_town_sends_in_order_of_time() -> None:
    """Late events stand among the others; the records themselves do not go back."""
    times = [sent.at for sent in lived(3, 20) if sent.at > START]
    assert times == sorted(times)


def test_a_town_has_everything_that_is_hard() -> None:
    """Bad bytes, repeated ids, late and far too late events, unknown names, complaints, and all three forms."""
    records = stood(lived(3, 60))
    found = [(record, event) for record in records if (event := event_of(record)) is not None]
    late = [record.timestamp / 1000 - event.time for record, event in found]
    assert len(found) < len(records)
    assert max(Counter(event.id for _, event in found).values()) > 1
    assert any(0 < each < timedelta(days=1).total_seconds() for each in late)
    assert any(each > timedelta(days=1).total_seconds() for each in late)
    assert {"theme.changed", "ticket.opened", "ticket.resolved"} <= {event.type for _, event in found}
    assert {len(record.headers) for record, _ in found} == {0, 1, 6}


def test_a_town_falls_silent_in_an_outage() -> None:
    """Profiles still come; no event does."""
    days = {
        topic: {(sent.at - START).days for sent in lived(3, 60) if sent.topic == topic} for topic in (EVENTS, PROFILES)
    }
    away = {day for day in range(60) if outage(day)}
    assert not away & days[EVENTS]
    assert days[EVENTS] | away == set(range(60))
    assert away & days[PROFILES]


def test_every_kind_of_blow_falls_equally_often_and_by_the_seed() -> None:
    dealt = list(islice(deal(random.Random(1), list(BLOWS)), 3 * len(BLOWS)))
    assert set(Counter(dealt).values()) == {3}
    assert dealt == list(islice(deal(random.Random(1), list(BLOWS)), 3 * len(BLOWS)))


def test_the_oracle_reads_an_event_alike_in_every_form() -> None:
    """Plain JSON, CloudEvents in headers, and CloudEvents as a whole."""
    at = START.isoformat()
    plain = b'{"id":"e1","source":"s","type":"app.opened","time":"%s","user_id":"u","product":"p"}' % at.encode()
    cloud = plain.replace(b"user_id", b"subject")
    names = {"ce_id": b"e1", "ce_source": b"s", "ce_type": b"app.opened", "ce_time": at.encode(), "ce_product": b"p"}
    forms = [
        (plain, ()),
        (cloud, (("content-type", b"application/cloudevents+json"),)),
        (b"{}", tuple(names.items())),
    ]
    events = {str(event_of(Stood(EVENTS, 0, 0, 2**42, b"u", value, headers))) for value, headers in forms}
    assert events == {str(Event("e1", "s", "app.opened", START.timestamp(), "u", "p", {}))}


def test_the_oracle_takes_an_event_once_and_only_in_its_order() -> None:
    """A repeated record changes nothing, one left out does: what is remembered of a user differs."""
    records = stood(lived(3, 20))
    whole = {who: each.remembered() for who, each in read(records).histories.items()}
    twice = read([each for record in records for each in (record, record)]).histories
    less = read(records[:-40]).histories
    assert whole == {who: each.remembered() for who, each in twice.items()}
    assert whole != {who: each.remembered() for who, each in less.items()}
