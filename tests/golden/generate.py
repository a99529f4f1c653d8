"""``python -m tests.golden.generate``: write the goldens of versions that have none yet; what is there stays as it is.

To add version 2 of a kind:

1. Add the field (at the end) to its struct; give its codec ``version=2, upgrades={1: f}``, where ``f`` turns the
   untyped array of version 1 into that of version 2 (``lambda fields: fields`` where defaults fill what is missing).
2. Fill the field in ``tests/golden/values.py``; in ``READ_FROM`` of ``tests/golden/kinds.py`` say what version 1 now
   reads as: ``("dispatcher-user", 1): replace(values.BOOK, ...)``.
3. Run this module: it writes ``records/KIND.2``, adds version 2 to ``fields.json``, and touches nothing else.
4. Run ``python -m tests.golden.generate --changelog 2`` once for a release: the small changelogs that it leaves.
5. Say in ``docs/upgrading.md`` and in the changelog that a rollback over this version is not possible.

Other kinds that hold the same struct or enum get a version, too; ``tests/golden/test_fields.py`` names them. A message
has ``VERSION`` and ``UPGRADES`` on its class instead; its upgrades work on the decoded JSON object.
"""

import argparse
import json
from pathlib import Path

from schemas.base import Message
from tests.golden import life
from tests.golden.kinds import OWN, VALUES, fields_of, kinds
from tests.golden.story import (
    FOLDER,
    STORY,
    Moment,
    fresh,
    left_by,
    play,
    read_story,
    told,
    write_changelog,
    write_story,
)
from tests.golden.values import MESSAGES

RECORDS, SAID, FIELDS = FOLDER / "records", FOLDER / "messages", FOLDER / "fields.json"


def row_of(message: Message) -> str:
    """A message's record as JSON."""
    headers = [[name, value.decode()] for name, value in message.headers()]
    row = {"key": message.key, "headers": headers, "value": message.encode().decode()}
    return json.dumps(row, ensure_ascii=False, indent=1) + "\n"


def fingerprints() -> dict[str, dict[str, dict[str, str]]]:
    """The fields of every kind and message under its present version."""
    kept = {f"{kind.name}.{kind.version}": fields_of(kind.model) for kind in kinds().values()}
    return kept | {f"{message.TYPE}.{message.VERSION}": fields_of(message) for message in OWN}


def live() -> list[Moment]:
    """The golden story as it happens; what a messaging system reports depends on what went out."""
    driver, moments = fresh(), list[Moment]()
    for day in range(life.DAYS):
        for at, sends in life.happens(driver, day):
            moments.append(Moment(at, tuple(sends)))
            play(driver, moments[-1])
    return moments


def main() -> None:
    """Write what is missing, and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changelog", type=int, help="leave the changelogs of this version, too")
    given = parser.parse_args()
    for kind in kinds().values():
        _write(RECORDS / f"{kind.name}.{kind.version}", kind.pack(VALUES[kind.name]))
    for message in MESSAGES:
        _write(SAID / f"{message.TYPE}.{message.VERSION}.json", row_of(message).encode())
    stored = json.loads(FIELDS.read_text()) if FIELDS.exists() else {}
    FIELDS.write_text(json.dumps(fingerprints() | stored, indent=1) + "\n")
    if not STORY.exists():
        write_story(live())
    if given.changelog:
        told(read_story(), lambda driver: write_changelog(given.changelog, left_by(driver)))


def _write(path: Path, value: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(value)
        print(path)


if __name__ == "__main__":
    main()
