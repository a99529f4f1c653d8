"""Every fault of a policy's texts is told before a worker sees it: file, key, value, fix, all at once (E11, G4)."""

from pathlib import Path

import pytest

from agents.policy_file import read_policy
from schemas.policy import PolicyFaults

ROOT = Path(__file__).parents[2]
BASIS = """
name = "p"
[events]
visit = "session"
[channels.sms]
cost = 0.05
rate_per_second = 1.0
[channels.push]
cost = 0.0
rate_per_second = 1.0
[wording.link]
hosts = ["shop.example"]
[[playbooks]]
name = "back"
levels = ["risk", "critical"]
channels = ["push", "sms"]
template = "t"
parameters = { days = "7" }
"""
GOOD = """
[templates.t]
text = { default = "{{ days }}天，拒收请回复R", en = "{{ days }} days, reply R to opt out" }
subject = { default = "好", en = "Good" }
"""


def faults_of(text: str, tmp_path: Path) -> list[str]:
    """One line a fault, without the file's name."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(PolicyFaults) as caught:
        read_policy(file)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_sound_texts_have_no_fault(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(BASIS + GOOD)
    assert read_policy(tmp_path / "p.toml").templates["t"].text["en"] == "{{ days }} days, reply R to opt out"


@pytest.mark.parametrize("file", sorted((ROOT / "deploy/policies").glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_texts_have_no_fault_and_each_playbook_has_words(file: Path) -> None:
    policy = read_policy(file)
    assert {book.template for book in policy.playbooks} == policy.templates.keys()
    assert all({"default", "en"} <= each.text.keys() for each in policy.templates.values())


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        (
            'default = "{{ days }}天',
            'default = "{{ days }天',
            'templates.t.text.default = "{{ days }天，拒收请回复R" cannot be sent by push in playbook back: '
            "line 1: unexpected '}'; see what a template may contain",
        ),
        ("{{ days }} days", "{{ hours }}", "there is no value for 'hours'; see what a template may contain"),
        ("{{ days }} days", "{% if level == 'critical' %}Hurry!{% endif %}", "the word 'hurry' at character 1"),
        ("，拒收请回复R", "", "by sms in playbook back: the part opt_out is missing: '拒收请回复R'; add it"),
        ("{{ days }}天", "天" * 130, "137 characters, at most 120 are sent by push; shorten it, or give another text"),
        ('subject = { default = "好", en = "Good" }', "", "push has one, and this has none; add it"),
        ('en = "Good"', 'en = "' + "x" * 41 + '"', "templates.t.subject.en = "),
        (
            'subject = { default = "好", en = "Good" }',
            'subject = { default = "好", fr = "Bon" }',
            'templates.t.subject.fr = "Bon" is no language of templates.t.text; add it there, or remove it here',
        ),
        (
            "[templates.t]",
            "[templates.t.channels.sms]\ntext = { default = '拒收请回复R' }\n[templates.t]",
            "templates.t.channels.sms.text.en is missing; add it; templates.t.text speaks it",
        ),
        (
            'parameters = { days = "7" }',
            'parameters = { days = "7", user = "you" }',
            'playbooks[0].parameters.user = "you" has the name of something that templates know already; give',
        ),
        (
            'parameters = { days = "7" }',
            'parameters = { days = "7" }\nlink = "http://evil.example/"',
            'playbooks[0].link = "http://evil.example/" is not https; correct the address',
        ),
        (
            "[templates.t]",
            "[templates.unused]\ntext = { default = '{% for x in y %}{% endfor %}' }\n[templates.t]",
            "is no template: line 1: 'for' is not part of the language of templates",
        ),
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_a_fault_names_place_value_and_fix(good: str, bad: str, told: str, tmp_path: Path) -> None:
    text = BASIS + GOOD
    assert good in text
    lines = faults_of(text.replace(good, bad), tmp_path)
    assert any(told in line for line in lines), lines


def test_faults_of_texts_and_of_numbers_are_told_together(tmp_path: Path) -> None:
    """A wrong number elsewhere does not hide a wrong word, nor one word another."""
    text = BASIS.replace("rate_per_second = 1.0\n[wording", "rate_per_second = 0\n[wording")
    lines = faults_of(text + GOOD.replace("{{ days }}天", "限时").replace("{{ days }} days", "Act now"), tmp_path)
    assert len([line for line in lines if "is forbidden" in line]) == 4, "two words, on two channels each"
    assert any(line.startswith("channels.push.rate_per_second = 0") for line in lines)


def test_a_faulty_template_is_told_once_and_the_others_are_judged(tmp_path: Path) -> None:
    other = "[[playbooks]]\nname = 'o'\nlevels = ['watch']\nchannels = ['push']\ntemplate = 'o'\n"
    other += "[templates.o]\ntext = { default = '限时' }\nsubject = { default = 'o' }\n"
    lines = faults_of(BASIS + other + "[templates.t]\ntext = { en = 'no default' }\n", tmp_path)
    assert len(lines) == 2
    assert "has no 'default'" in lines[0]
    assert "templates.o.text.default" in lines[1]


def test_nothing_is_judged_by_rules_that_are_faulty(tmp_path: Path) -> None:
    [line] = faults_of(BASIS.replace('["shop.example"]', '["https://shop.example"]') + GOOD, tmp_path)
    assert line.startswith("wording.link.hosts[0]")


def test_a_template_of_the_messaging_system_needs_no_words(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(BASIS)
    assert read_policy(tmp_path / "p.toml").templates == {}
