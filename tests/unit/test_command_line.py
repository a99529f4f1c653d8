"""The command ``churn-alerts`` finds its commands by itself."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents import cli
from agents.__main__ import main


def test_every_file_of_the_folder_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file put into ``agents/cli`` is a command at once, under its own name with dashes."""
    (tmp_path / "make_tea.py").write_text(
        "import click\n@click.command()\ndef command():\n    '''Put the kettle on.'''\n    click.echo('hot')\n"
    )
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path)])
    try:
        assert "make-tea" in CliRunner().invoke(main, ["--help"]).output
        assert CliRunner().invoke(main, ["make-tea"]).output == "hot\n"
    finally:
        sys.modules.pop("agents.cli.make_tea", None)


def test_unknown_command_is_named_in_the_error() -> None:
    """A slip of the pen ends with a usage error, not with an import error."""
    result = CliRunner().invoke(main, ["tea"])
    assert result.exit_code == 2
    assert "No such command 'tea'" in result.output


def test_version_is_that_of_the_distribution() -> None:
    """The version shown is the one that is installed."""
    assert version("churn-alerts") in CliRunner().invoke(main, ["--version"]).output


def test_asking_for_one_command_imports_no_other() -> None:
    """Nothing heavy is loaded to say the version."""
    script = (
        "import sys; from agents.__main__ import main; print([m for m in sys.modules if m.startswith('agents.cli.')])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_cannot_be_written_in_utc_is_a_usage_error(time: str) -> None:
    """It ended in an OverflowError."""
    result = CliRunner().invoke(main, ["dlt", "list", "--since", time])
    assert result.exit_code == 2
    assert f"'{time}' is neither a time with its offset" in result.output
