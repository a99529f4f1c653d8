"""A partition goes on with what an older program left, as if there had never been another program."""

from collections import Counter
from collections.abc import Iterator

import pytest

from agents.batches import ledger
from agents.driver import Driver
from schemas import topics
from streams.dispatch.book import BOOKS, Book
from streams.dispatch.governed import MEMOS
from tests.golden.story import CHANGELOGS, CUT, PLACED, Changelog, read_changelog, read_story, taken_over, told

FACTS = (
    topics.WARNINGS, topics.STAGES, topics.SIGNS, topics.DECISIONS, topics.OUTBOUND, topics.DEAD_LETTERS,
    topics.BREAKERS, topics.LEASES, topics.POPULATION,
)  # fmt: skip
VERSIONS = sorted(int(path.name.partition(".")[0]) for path in CHANGELOGS.iterdir())


def facts(driver: Driver) -> dict[str, list[tuple[object, ...]]]:
    return {topic: [tuple(record) for record in driver.read(topic)] for topic in FACTS}


@pytest.fixture(scope="module")
def whole() -> dict[str, list[tuple[object, ...]]]:
    """The story as today's program tells it from the start, with a restart at the cut."""
    return facts(told(read_story(), Driver.restart))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_changelog_gives_the_facts_of_a_run_that_was_never_interrupted(
    version: int, whole: dict[str, list[tuple[object, ...]]]
) -> None:
    changelog = read_changelog(version)
    assert facts(told(read_story(), lambda driver: taken_over(driver, changelog))) == whole
    later = Counter(topic for topic in FACTS for record in whole[topic] if record[2] >= CUT.timestamp() * 1000)
    assert all(later[topic] for topic in FACTS if topic != topics.DEAD_LETTERS), "the rest of the story is not empty"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_old_changelog_holds_matters(version: int, whole: dict[str, list[tuple[object, ...]]]) -> None:
    """The test above can fail: without the users' records the rest of the story is another one."""
    changelog = {place: {ledger.KEY: each[ledger.KEY]} for place, each in read_changelog(version).items()}
    assert facts(told(read_story(), lambda driver: taken_over(driver, changelog))) != whole


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_changelog_is_no_empty_one(version: int) -> None:
    changelog = read_changelog(version)
    books = list(_books(changelog))
    memos = [MEMOS.unpack(n, ledger.unpack(changelog["dispatcher", n][ledger.KEY]).memo) for n in range(2)]
    assert any(book.held for book in books)
    assert any(book.recall and book.recall.number > 1 for book in books)
    assert any(book.silenced for book in books)
    assert all(memo.orders and memo.holdings["volume/hour"].granted for memo in memos)
    assert {b"breaker/email", b"lease/blast", b"pulse"} <= changelog["governor", 0].keys()
    assert any(key.startswith(b"\0learning\0default\0course") for key in changelog["health", 0])
    assert set(changelog) == {
        *((role, n) for role in ("health", "dispatcher") for n in range(PLACED.partitions)),
        ("governor", 0),
    }


def _books(changelog: Changelog) -> Iterator[Book]:
    for number in range(PLACED.partitions):
        for key, packed in changelog["dispatcher", number].items():
            if key != ledger.KEY:
                yield BOOKS.unpack(key, packed)
