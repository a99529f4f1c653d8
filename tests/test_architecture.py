"""The shape of the house: who may import whom, how large a thing may grow, what nothing may be called."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "streams", "agents")
FOLDERS = (*PACKAGES, "tests", "bench")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
NOT_A_NAME = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff"}


def sources() -> list[Path]:
    """Return every Python file of ours."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's name and its number of lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_imports_keep_their_contracts() -> None:
    """Data flows one way, the core touches nothing of the world, the path knows nothing of churn.

    In a process of its own: the linter silences every logger that is there before it, and other tests read logs.
    """
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_too_long() -> None:
    """A file that needs scrolling for ever holds more than one idea."""
    assert [str(path) for path in sources() if len(path.read_text().splitlines()) > FILE_LINES_MAX] == []


def test_no_function_is_too_long() -> None:
    """A function fits on a screen."""
    assert [
        f"{path}: {name}" for path in sources() for name, lines in functions(path) if lines > FUNCTION_LINES_MAX
    ] == []


def test_no_file_is_called_after_nothing() -> None:
    """Files are named for what they mean."""
    assert [str(path) for path in sources() if {*path.relative_to(ROOT).with_suffix("").parts} & NOT_A_NAME] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_else_owns_our_packages(package: str) -> None:
    """Our import names are short: another distribution that carries one would silently overwrite ours."""
    assert set(packages_distributions()[package]) == {"churn-alerts"}


def test_no_test_folder_carries_the_name_of_a_package() -> None:
    """Such a folder would be imported in place of the package, depending on how the tests are started."""
    folders = {path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()}
    assert not folders & set(PACKAGES)
    assert not list((ROOT / "tests").rglob("__init__.py"))
