"""The numbers that docs/breaker.md shows are those of the command it names."""

from pathlib import Path

from bench.storm import table

DOC = Path(__file__).parents[2] / "docs" / "breaker.md"


def test_the_storm_in_the_docs_is_the_one_that_the_command_makes() -> None:
    """Real dispatchers and governor: the same numbers on every run."""
    assert f"make storm\n```\n\n{table()}\n" in DOC.read_text()
