"""Policy files: what a reader is told, and what the shipped policy says."""

from pathlib import Path

import pytest

from schemas.channel import Channel
from schemas.policy import Playbook, Policy, PolicyFaults, Product, Role, parse_policy
from schemas.policy.rules import conflicts
from schemas.warning import Level

SHOP = (Path(__file__).parents[2] / "deploy/policies/shop.toml").read_text()
LEAST = 'name = "least"\n[events]\nvisit = "session"\n'
QUIET = "[[quiet_hours]]\nallowed_from = '08:00'\nallowed_to = '22:00'\n"
CARE = "[channels.sms]\ncost = 1.0\nrate_per_second = 1.0\n[[playbooks]]\nname = 'a'\nlevels = ['risk']\n"
CARE += "channels = ['sms']\ntemplate = 't'\n"


def faults_of(text: str) -> list[str]:
    """One line a fault."""
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(text, "p.toml")
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "x', "end is not TOML: Unterminated string (at end of document); mend the syntax"),
        ("\n\na b", "line 3 = \"a b\" is not TOML: Expected '=' after a key in a key/value pair"),
        ("x = 0x" + "f" * 9_999, "file cannot be read: "),
        ("x = " + "[" * 99_999, "file cannot be read: "),
        ('name = "x"', "is met by no event; map at least one event name to one of these roles in [events]"),
    ],
)
def test_a_text_that_is_no_policy_at_all_has_one_fault(text: str, told: str) -> None:
    (line,) = faults_of(text)
    assert told in line


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("[warnings]\nrsk = 4.0", "warnings.rsk = 4.0 is not a known key; did you mean 'risk'?"),
        ("[gate]\n", "gate = {} is not a known key; remove it; known keys: name, products, events"),
        ("[warnings]\nrisk = '50'", 'warnings.risk = "50" is not a number; expected: index under which'),
        ("[warnings]\nrisk = 100", "warnings.risk = 100 is not under 100; expected: index under which"),
        ("[breaker]\nprobes = 2.5", "breaker.probes = 2.5 is not a whole number; expected: messages of"),
        ("[caps]\ntotal = 3", 'caps = {"total": 3} is not a list; expected: frequency caps and gaps'),
        ("[[caps]]\nname = 'a'", "caps[0].count is missing; say how many are allowed, or give gap_hours"),
        ("[[caps]]\nname = 'a'\ncount = 1", "caps[0].hours is missing; say in how many hours"),
        ("[[caps]]\nname = 'a'\ncount = 0\ndays = 1", "caps[0].days = 1 is the window of none; give a count"),
        ("[[caps]]\nname = 'a'\ngap_hours = 1\nhours = 1", "caps[0].hours = 1 has no count; give a count"),
        ("[[caps]]\nname = 'a'\ncount = 1\nhours = 1\ndays = 1", "caps[0].days = 1 stands beside hours; keep one"),
        (
            "[[caps]]\nname = 'a'\ngap_hours = 1\n[[caps]]\nname = 'a'\ngap_hours = 2",
            'caps[1].name = "a" is the name of caps[0] already; give each cap',
        ),
        (
            "[[caps]]\nname = 'a'\ngap_hours = 1\nchannels = ['fax']",
            'caps[0].channels[0] = "fax" is no channel; expected: a list of channels',
        ),
        (QUIET + "zones = ['Amerika/*']", 'quiet_hours[0].zones[0] = "Amerika/*" fits no time zone; expected: a list'),
        (QUIET + "weekdays = ['mon', 'mon']", 'quiet_hours[0].weekdays = "mon" stands there 2 times; keep it once'),
        (QUIET + "classes = ['carer']", 'quiet_hours[0].classes[0] = "carer" is no class of messages; expected: a'),
        (QUIET.replace("08", "8"), 'quiet_hours[0].allowed_from = "8:00" has the wrong form; expected: first minute'),
        (CARE + "clas = 'care'", "playbooks[0].clas = \"care\" is not a known key; did you mean 'class'?"),
        (CARE + "class = 'cere'", "playbooks[0].class = \"cere\" is not known; did you mean 'care'?"),
        (CARE + "message_class = 'care'", 'playbooks[0].message_class = "care" is not a known key; remove it; known'),
        ("[dispatch]\nzone = 'CST8'", 'dispatch.zone = "CST8" is no time zone; expected: IANA'),
        ("[silence]\nmessage_complaint_days = -1", "silence.message_complaint_days = -1 is under 0; expected: days"),
        ("open = 2026-01-01", 'events.open = "2026-01-01" is not known; expected one of: session,'),
        ("[channels.smss]\ncost=1\nrate_per_second=1", "channels.smss = \"smss\" is not known; did you mean 'sms'?"),
        ("[channels.sms]\ncost = 1.0", "channels.sms.rate_per_second is missing; add it: messages per"),
        ("[products.default]\nzone = 'CST8'", 'products.default.zone = "CST8" is no time zone; expected: IANA'),
        ("[products.x]", "products.default is missing; add [products.default]; it stands for every"),
        ("[products.default]\nhorizon_days = 1", "products.default.horizon_days = 1 is under 2; expected: days"),
        (
            "[products.default]\nactivity = ['uninstalled']",
            '"uninstalled" is a sign of leaving, not of life;',
        ),
        ("[products.default]\nactivity = []", "products.default.activity = [] is empty; expected: a list of"),
        ("[warnings]\ncritical = 50.0", "warnings.critical = 50.0 is not under warnings.risk = 50.0; lower it"),
        ("[warnings.decline]\nperiod_days = 0", "warnings.decline.period_days = 0 is under 1; expected: days between"),
        ("[warnings.shock]\nlow_score = -1", "warnings.shock.low_score = -1 is under 0; expected: a score at or under"),
        ("[warnings.stages]\nshortest_days = 0", "warnings.stages.shortest_days = 0 is under 1; expected: least L"),
        (
            "[warnings.stages]\nlapsed = 2.0",
            "warnings.stages.lapsed = 2.0 is not under warnings.stages.dormant = 2.0; lower it, or raise warnings.",
        ),
        (
            "[warnings.stages]\nlong_dormant = 1.5",
            "warnings.stages.dormant = 2.0 is not under warnings.stages.long_dormant = 1.5; lower it, or raise",
        ),
        (
            "[intake.rejects]\nclear = 0.2",
            "intake.rejects.clear = 0.2 is not under intake.rejects.limit = 0.2; lower it",
        ),
        (
            "[intake.rejects]\nmin_records = 501",
            "is over half of intake.rejects.window_records = 1000; lower it, or widen",
        ),
        (
            "[intake.rejects]\nwindow_records = 999",
            "window_records = 999 is not a multiple of 2; expected: newest records",
        ),
    ],
)
def test_a_fault_names_place_value_and_fix(section: str, told: str) -> None:
    (line,) = faults_of(LEAST + section)
    assert line.startswith("p.toml: ")
    assert told in line


def test_faults_of_life_stages_and_sources_are_told_all_at_once() -> None:
    text = """[products.default.life.young]
horizon_days = 9
[products.default.life.new]
horizon_days = 1
weights = { use_trend = -1.0, dept_of_use = 2.0 }
[sources.web]
events = { open = "sesion" }
"""
    assert [line.removeprefix("p.toml: ").split("; expected")[0] for line in faults_of(LEAST + text)] == [
        "products.default.life.new.horizon_days = 1 is under 2",
        "products.default.life.new.weights.use_trend = -1.0 is under 0",
        "products.default.life.new.weights.dept_of_use = 2.0 is not a known key; did you mean 'depth_of_use'?",
        'products.default.life.young = {"horizon_days": 9} is not a known key; '
        "remove it; known keys: new, growing, settled",
        "sources.web.events.open = \"sesion\" is not known; did you mean 'session'?",
    ]


def test_rules_between_fields_are_judged_though_a_neighbour_is_faulty() -> None:
    """A misspelt key in a section does not hide that the section's limits contradict each other."""
    lines = faults_of(LEAST + "[warnings]\ncritical = 60.0\nrsk = 1")
    assert [line.split(" = ")[0] for line in lines] == ["p.toml: warnings.rsk", "p.toml: warnings.critical"]


def test_a_faulty_field_is_told_once() -> None:
    """A value that is no number is not also compared with its neighbour."""
    assert len(faults_of(LEAST + "[warnings]\nrisk = false\ncritical = 99.0")) == 1


SHIPPED = sorted((Path(__file__).parents[2] / "deploy/policies").glob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_policy_is_faultless_and_has_its_page(file: Path) -> None:
    """The page says each product's horizon, and what every playbook's answer is for."""
    policy = parse_policy(file.read_text(), file.name)
    page = (file.parents[2] / "docs/policies" / f"{file.stem}.md").read_text()
    assert policy.name == file.stem
    assert file.name in page
    for name, product in policy.products.items():
        assert f"{product.horizon_days} days" in page or f"`{name}`: {product.horizon_days})" in page


def test_the_shop_policy_has_the_numbers_that_were_asked_for() -> None:
    """Horizon, thresholds, caps, breaker, expiry, record size: the shipped defaults."""
    shop = parse_policy(SHOP, "shop.toml")
    assert shop.product("default").horizon_days == 28
    assert (shop.warnings.risk, shop.warnings.critical, shop.warnings.baseline_ratio) == (50, 30, 0.85)
    assert [(cap.per_channel, cap.count, cap.hours) for cap in shop.caps] == [(True, 1, 24), (False, 3, 7 * 24)]
    [hours] = shop.quiet_hours
    assert (hours.channels, hours.zones) == (("sms", "call"), ("*",))
    assert (hours.allowed_from, hours.allowed_to) == ("08:00", "22:00")
    assert shop.silence.message_complaint_days == 180
    assert shop.dispatch.zone == "Asia/Shanghai"
    assert (shop.breaker.window_minutes, shop.breaker.min_sends) == (30, 200)
    assert (shop.breaker.complaint_warn, shop.breaker.complaint_open) == (0.001, 0.003)
    assert (shop.breaker.failure_warn, shop.breaker.failure_open) == (0.05, 0.15)
    assert shop.dispatch.expiry_hours == 72
    assert shop.intake.max_bytes == 256 * 1024


def test_the_shop_policy_spells_out_the_defaults() -> None:
    """What the shop says where it could be silent is what a silent policy gets."""
    shop, silent = parse_policy(SHOP, "shop.toml"), parse_policy(LEAST, "least.toml")
    for section in ("intake", "warnings", "caps", "quiet_hours", "silence", "breaker"):
        assert getattr(shop, section) == getattr(silent, section)
    assert shop.dispatch == silent.dispatch.model_copy(update={"zone": "Asia/Shanghai"})


def test_the_shop_policy_maps_an_event_to_every_role() -> None:
    assert set(parse_policy(SHOP, "shop.toml").events.values()) == set(Role)


@pytest.mark.parametrize("level", [Level.RISK, Level.CRITICAL])
def test_the_shop_policy_answers_every_level_that_is_raised(level: Level) -> None:
    assert any(playbook.answers(level, "anything") for playbook in parse_policy(SHOP, "shop.toml").playbooks)


def test_an_unknown_product_has_the_default_definition_of_churn() -> None:
    policy = Policy(name="x", products={"default": Product(horizon_days=9), "a": Product(horizon_days=7)})
    assert [policy.product(name).horizon_days for name in ("a", "b", "default")] == [7, 9, 9]


def test_an_unknown_event_has_no_role() -> None:
    policy = parse_policy(LEAST, "p.toml")
    assert (policy.roles("app").get("visit"), policy.roles("app").get("Visit")) == (Role.SESSION, None)


def test_a_playbook_answers_its_levels_and_products_only() -> None:
    book = Playbook(name="b", levels=(Level.RISK,), products=("a",), channels=(Channel.SMS,), template="t")
    assert book.answers(Level.RISK, "a")
    assert not book.answers(Level.CRITICAL, "a")
    assert not book.answers(Level.RISK, "b")


def test_a_changed_copy_has_a_hash_of_its_own() -> None:
    """The copy does not carry the hash that was computed for the original."""
    policy = Policy(name="x")
    assert policy.hash != policy.model_copy(update={"name": "y"}).hash == Policy(name="y").hash


def test_a_policy_made_in_code_can_be_judged_by_the_same_rules() -> None:
    told = [".".join(map(str, found.location)) for found in conflicts(Policy(name="x").model_dump(mode="json"))]
    assert told == ["products.default.activity"]
