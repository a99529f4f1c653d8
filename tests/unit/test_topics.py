"""Topics as they shall be, and what is said where they are not."""

from agents.settings import load_settings
from agents.topics import Found, topic_specs
from agents.topics.compare import compare, keyed_partitions
from schemas import topics

SPECS = topic_specs(load_settings(topic_prefix="x.", event_topics=("a", "b")))
FOUND = {spec.name: Found(spec.partitions(8), dict(spec.config)) for spec in SPECS}


def but(name: str, partitions: int | None = None, **config: str) -> dict[str, Found]:
    """The topics as they shall be, but one."""
    there = FOUND[name]
    named = {key.replace("_", "."): value for key, value in config.items()}
    return FOUND | {name: Found(partitions or there.partitions, {**there.config, **named})}


def test_every_topic_of_ours_stands_in_the_list_once() -> None:
    names = [each.name for each in SPECS]
    assert len(set(names)) == len(names)
    assert {f"x.{name}" for name in topics.ALL} - {"x.app.events"} | {"x.a", "x.b"} <= set(names)
    assert [name for name in names if name.endswith("-changelog")] == [
        "x.churn-alerts-health-state-changelog",
        "x.churn-alerts-dispatcher-state-changelog",
        "x.churn-alerts-governor-state-changelog",
    ]


def test_the_list_of_names_is_whole() -> None:
    """A topic that is added to the module is added to the list, too."""
    constants = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    assert set(topics.ALL) == constants
    assert constants >= topics.COMPACTED | topics.ONE_PARTITION


def test_a_changelog_has_the_partitions_of_the_topics_it_follows() -> None:
    counts = {each.name: each.partitions(8) for each in SPECS}
    assert counts["x.churn-alerts-dispatcher-state-changelog"] == counts["x.churn.warnings"] == 8
    assert counts["x.churn-alerts-governor-state-changelog"] == counts["x.churn.counts"] == 1


def test_topics_as_they_shall_be_have_no_faults() -> None:
    compared = compare(SPECS, FOUND, keyed=8)
    assert (compared.faults, compared.warnings) == ((), ())


def test_a_topic_of_another_count_is_a_fault_that_names_both_counts() -> None:
    (fault,) = compare(SPECS, but("x.churn.warnings", partitions=6), keyed=8).faults
    assert str(fault).startswith("Kafka: x.churn.warnings partitions = 6 is not 8, like every topic keyed by user;")
    (fault,) = compare(SPECS, but("x.churn.counts", partitions=2), keyed=8).faults
    assert "is not 1, which everybody reads whole" in str(fault)


def test_a_missing_topic_is_a_fault() -> None:
    found = {name: there for name, there in FOUND.items() if name != "x.churn.outbound"}
    (fault,) = compare(SPECS, found, keyed=8).faults
    assert str(fault) == "Kafka: x.churn.outbound is missing; run `churn-alerts topics create`"


def test_a_changelog_that_forgets_is_a_fault() -> None:
    """Where old records are deleted by time, state is lost."""
    name = "x.churn-alerts-health-state-changelog"
    for policy in ("delete", "compact,delete"):
        (fault,) = compare(SPECS, but(name, cleanup_policy=policy), keyed=8).faults
        assert f"--entity-name {name} --add-config cleanup.policy=compact" in fault.fix


def test_producers_own_time_is_a_warning_only() -> None:
    compared = compare(SPECS, but("x.a", message_timestamp_type="CreateTime"), keyed=8)
    assert compared.faults == ()
    assert "LogAppendTime" in str(compared.warnings[0])


def test_the_apps_topics_say_how_many_partitions_there_are() -> None:
    """Their count is given by others; ours follow."""
    assert keyed_partitions(SPECS, but("x.a", partitions=5), otherwise=8) == 5
    assert keyed_partitions(SPECS, {}, otherwise=8) == 8


def test_simulated_time_is_taken_and_kept_on_every_topic() -> None:
    specs = topic_specs(load_settings(), simulated_time=True)
    assert all(dict(each.config)["retention.ms"] == "-1" for each in specs)
    assert all(dict(each.config)["message.timestamp.after.max.ms"] == str(2**63 - 1) for each in specs)
    assert all({"retention.ms", "message.timestamp.type"} <= each.needed for each in specs)
