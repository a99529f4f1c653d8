"""``churn-alerts policy check``: exit code, every fault, name and hash."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from agents.cli.policy import command
from schemas.policy import parse_policy

SHOP = Path(__file__).parents[2] / "deploy/policies/shop.toml"


def check(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, ["check", *map(str, arguments)])


def test_a_sound_file_is_named_with_its_hash() -> None:
    result = check(SHOP)
    assert result.exit_code == 0
    assert f"policy shop, hash {parse_policy(SHOP.read_text(), 'x').hash}" in result.stdout


def test_every_fault_of_every_file_is_told_and_the_exit_code_is_1(tmp_path: Path) -> None:
    first, second, gone = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "gone.toml"
    first.write_text('name = "a"\nx = 1\ny = 2\n[events]\nv = "session"')
    second.write_bytes(b'name = "\xff"')
    result = check(first, SHOP, second, gone)
    assert result.exit_code == 1
    assert "policy shop" in result.stdout
    assert f"{first}: x = 1" in result.stderr
    assert f"{first}: y = 2" in result.stderr
    assert f"{second}: file is not UTF-8 at byte 8" in result.stderr
    assert f"{gone}: file cannot be read" in result.stderr


def test_json_has_an_object_a_file(tmp_path: Path) -> None:
    faulty = tmp_path / "a.toml"
    faulty.write_text("name = 2026-01-01")
    result = check("--json", SHOP, faulty)
    sound, broken = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (sound["name"], sound["faults"]) == ("shop", [])
    assert [fault["key"] for fault in broken["faults"]] == ["name", "products.default.activity"]
