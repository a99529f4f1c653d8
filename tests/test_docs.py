"""The documents are true: what they name exists, and what they call done is proved."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from agents.__main__ import main

ROOT = Path(__file__).parent.parent
COUNTS = {"A": 7, "B": 9, "C": 6, "D": 8, "E": 18, "F": 7, "G": 8, "H": 9}
IDS = [f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
STATES = {"open", "partial", "done"}


class Row(NamedTuple):
    """A row of the coverage table."""

    id: str
    requirement: str
    code: str
    test: str
    doc: str
    state: str


def coverage() -> list[Row]:
    """Return the rows of the coverage table."""
    rows = re.findall(r"^\| [A-H]\d.*$", (ROOT / "docs/coverage.md").read_text(), re.MULTILINE)
    return [Row(*(cell.strip() for cell in row.strip("|").split("|"))) for row in rows]


PROOFS = ("flow",)
"""Where a story from input topic to output topic proves a requirement."""
OPERATED = ("flow", "ops", "integration", "path")
"""Where a requirement of those who run it (H) is proved: on real servers, too."""


def proved(folders: tuple[str, ...]) -> set[str]:
    """Return the ids that tests in these folders carry as ``@pytest.mark.requirement(...)``."""
    return {
        argument.value
        for folder in folders
        for path in (ROOT / "tests" / folder).rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement"
        for argument in mark.args
        if isinstance(argument, ast.Constant)
    }


def test_every_requirement_stands_in_the_coverage_table_once() -> None:
    """The table has every id, in order, and none that nobody required."""
    assert [row.id for row in coverage()] == IDS


@pytest.mark.parametrize("row", coverage(), ids=lambda row: row.id)
def test_coverage_tells_the_truth(row: Row) -> None:
    """What a row names exists; partial names code and test; done has a test that carries the id."""
    named = re.findall(r"`([^`]+)`", f"{row.code} {row.test} {row.doc}")
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert row.state in STATES
    assert row.state == "open" or (row.code and row.test)
    assert row.state != "done" or (row.doc and row.id in proved(OPERATED if row.id.startswith("H") else PROOFS))


def test_stories_carry_known_requirements_only() -> None:
    """A marker with an id that nobody required is a slip of the pen."""
    assert proved(OPERATED) <= set(IDS)


def command_exists(words: list[str]) -> bool:
    """Say whether a line of a shell block is a make target, or a command of ours that exists."""
    if words[0] == "make":
        return bool(re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    context, command = click.Context(main), main if words[0] == "churn-alerts" else None
    for word in words[1:]:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(context, word)
    return command is not None


def commands() -> list[str]:
    """Return every line of the shell blocks of all pages, each once."""
    blocks = [block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)]
    lines = (line for block in blocks for line in block.splitlines() if line and not line.startswith("#"))
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("line", commands())
def test_commands_exist(line: str) -> None:
    """What a page tells a stranger to type is there to be typed."""
    assert command_exists(line.split())


def test_command_that_does_not_exist_is_seen() -> None:
    """The check above can fail: an unknown target, command and program are all refused."""
    assert not any(map(command_exists, (["make", "tea"], ["churn-alerts", "tea"], ["brew", "tea"])))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to a file of ours finds it."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def alerts() -> set[str]:
    """Return the names of all alert rules."""
    rules = (ROOT / "deploy/prometheus/rules").glob("*.yml")
    return {name for path in rules for name in re.findall(r"alert: (\w+)", path.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_an_alert_that_a_page_names_exists(page: Path) -> None:
    """Nobody is sent to look for an alert that never fires."""
    assert set(re.findall(r"\bChurn[A-Z]\w+", page.read_text())) <= alerts()


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_heading(page: Path) -> None:
    """Every link into a page of ours finds its chapter."""
    links = re.findall(r"\]\(([^)#:]*\.md|)#([^)]+)\)", page.read_text())
    missing = [f"{to}#{name}" for to, name in links if name not in headings(page.parent / to if to else page)]
    assert missing == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda page: page.stem)
def test_decision_says_why_and_what_follows(page: Path) -> None:
    """A decision record is short and has its four parts."""
    text = page.read_text()
    assert [part for part in ("Status", "## Context", "## Decision", "## Consequences") if part not in text] == []
    assert 15 <= len(text.splitlines()) <= 50
    assert re.match(r"\d{4}-[a-z0-9-]+$", page.stem)
