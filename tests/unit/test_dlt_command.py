"""``churn-alerts dlt`` and ``intake`` before they ask a broker: what is refused of what a person types."""

from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.cli.dlt import _plain
from agents.command_line import Place, Since


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dlt", "requeue"), "give PLACES, or a filter"),
        (("dlt", "requeue", "0:1", "--all"), "not both"),
        (("dlt", "requeue", "0-1"), "'0-1' is not PARTITION:OFFSET"),
        (("dlt", "list", "--reason", "bad"), "'bad' is not one of 'too_large'"),
        (("dlt", "list", "--since", "yesterday"), "neither a time with its offset"),
        (("dlt", "list", "--since", "2026-01-01T00:00:00"), "neither a time with its offset"),
        (("intake", "resume"), "--why"),
        (("intake", "resume", "--why", " "), "say something"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anything_happens(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 2
    assert said in result.output


def test_a_moment_is_a_time_or_an_age() -> None:
    since = Since()
    assert since.convert("2026-01-01T08:00:00+08:00", None, None) == datetime(2026, 1, 1, tzinfo=UTC)
    ago = since.convert("30m", None, None) - since.convert("2h", None, None)
    assert abs(ago - timedelta(minutes=90)) < timedelta(seconds=10)
    with pytest.raises(click.BadParameter):
        since.convert("2w", None, None)


def test_a_place_is_a_partition_and_an_offset() -> None:
    assert Place().convert("3:17", None, None) == (3, 17)


def test_bytes_of_an_app_do_nothing_to_a_terminal() -> None:
    assert _plain("用户\x1b[2J\n") == "用户\\x1b[2J\\n"
    assert _plain("a\nb\x07", but="\n") == "a\nb\\x07"
